import * as z from "zod";

/** Files travel in pieces of this size, each known by its SHA-256; only a file's last piece is shorter. */
export const CHUNK_BYTES = 1024 * 1024;
/** Files, directories and links of one build context. */
export const MAX_CONTEXT_ENTRIES = 20_000;
/** Content of one build context, in bytes. */
export const MAX_CONTEXT_BYTES = 512 * 1024 * 1024;

const MAX_PATH = 1024;
const MAX_TARGET = 4096;
const MAX_CHUNKS = Math.ceil(MAX_CONTEXT_BYTES / CHUNK_BYTES);

export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits");

/** A path below a directory: no way out of it, no way around. */
export const pathInside = z
  .string()
  .min(1)
  .max(MAX_PATH)
  .refine(
    (path) => !path.includes("\0") && path.split("/").every((part) => part !== "" && part !== "." && part !== ".."),
    "must be a relative path without empty parts, . and ..",
  );

const mode = z.int().min(0).max(0o7777);

/** One line of a build context's manifest. */
export const contextEntry = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("file"),
    path: pathInside,
    mode,
    /** Seconds since 1970. */
    mtime: z.int().nonnegative(),
    size: z.int().min(0).max(MAX_CONTEXT_BYTES),
    chunks: z.array(sha256Hex).max(MAX_CHUNKS),
  }),
  z.strictObject({ type: z.literal("directory"), path: pathInside, mode }),
  z.strictObject({ type: z.literal("symlink"), path: pathInside, target: z.string().min(1).max(MAX_TARGET) }),
]);
export type ContextEntry = z.infer<typeof contextEntry>;

/** How many bytes the chunk at `index` of a file of `size` bytes has. */
export function chunkSize(size: number, index: number): number {
  return Math.min(CHUNK_BYTES, size - index * CHUNK_BYTES);
}
