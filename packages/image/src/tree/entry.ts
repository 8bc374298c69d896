/** Where a file's bytes are: in memory, or a range of a file on the build machine (a deb's data.tar, a layer's file). */
export type Content =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "range"; readonly file: string; readonly offset: number; readonly size: number };

type Common = {
  /** Permission bits, 0o7777 at most. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly xattrs?: Readonly<Record<string, Uint8Array>>;
};

/** One path of a tree. Hard links do not exist here: they became files that share one Content object. */
export type Entry = Common &
  (
    | { readonly type: "file"; readonly content: Content }
    | { readonly type: "directory" }
    | { readonly type: "symlink"; readonly target: string }
    | { readonly type: "character" | "block"; readonly major: number; readonly minor: number }
    | { readonly type: "fifo" }
  );

/** Path without a leading slash ("usr/bin/qjs") -> entry. The root directory is "". Usr-merged: no path starts with bin/, sbin/ or lib/. */
export type Tree = Map<string, Entry>;
export type ReadonlyTree = ReadonlyMap<string, Entry>;

export const contentOf = (text: string): Content => ({ kind: "bytes", bytes: new TextEncoder().encode(text) });
export const sizeOf = (content: Content): number => (content.kind === "bytes" ? content.bytes.length : content.size);
