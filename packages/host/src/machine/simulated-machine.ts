import type { Machine, PathKind, RunOptions, RunResult } from "./machine.ts";

type Node =
  | { readonly kind: "file" | "block"; readonly bytes: Uint8Array; readonly mode: number }
  | { readonly kind: "directory"; readonly mode: number }
  | { readonly kind: "link"; readonly target: string };

export type SimulatedMachine = Machine & {
  readonly nodes: Map<string, Node>;
  /** Every program that was run, its arguments joined by blanks. */
  readonly commands: string[];
  readonly lines: string[];
  /** Sets what `wallClock` says; it goes on with `now`. */
  readonly setWallClock: (milliseconds: number) => void;
  readonly put: (path: string, content: string | Uint8Array, kind?: "file" | "block") => void;
};

/** Answers a command; undefined means status 0 and no output. */
export type CommandHandler = (
  argv: readonly string[],
  machine: SimulatedMachine,
  options: RunOptions,
) => Partial<RunResult> | undefined;

/** A power cut at a chosen effect: thrown by every later effect too, as a dead machine does nothing. */
export class PowerCut extends Error {}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

/**
 * A device in memory for tests: files, and programs answered by `handler`. With `cutAfter`, the power fails after that
 * many effects (writes, renames, removals, programs).
 */
export function simulateMachine(
  handler: CommandHandler = () => undefined,
  options: { readonly cutAfter?: number; readonly environment?: Readonly<Record<string, string>> } = {},
): SimulatedMachine {
  const nodes = new Map<string, Node>([["/", { kind: "directory", mode: 0o755 }]]);
  const commands: string[] = [];
  const lines: string[] = [];
  let effects = 0;
  let clock = 0;
  let clockStart = 0;

  const effect = (): void => {
    if (options.cutAfter !== undefined && effects >= options.cutAfter) throw new PowerCut();
    effects += 1;
  };
  const resolve = (path: string, depth = 0): string | undefined => {
    if (depth > 20) return undefined;
    let at = "";
    const parts = path.split("/").filter((part) => part !== "" && part !== ".");
    for (const [index, part] of parts.entries()) {
      if (part === "..") {
        at = at.slice(0, at.lastIndexOf("/"));
        continue;
      }
      const here = `${at}/${part}`;
      const node = nodes.get(here);
      if (node === undefined) return undefined;
      if (node.kind === "link") {
        const base = node.target.startsWith("/") ? node.target : `${at}/${node.target}`;
        return resolve([base, ...parts.slice(index + 1)].join("/"), depth + 1);
      }
      at = here;
    }
    return at === "" ? "/" : at;
  };
  const real = (path: string): string => {
    const parent = resolve(parentOf(path)) ?? parentOf(path);
    return resolve(path) ?? `${parent === "/" ? "" : parent}/${path.slice(path.lastIndexOf("/") + 1)}`;
  };
  const makeDirectory = (path: string, mode = 0o755): void => {
    if (path === "/" || nodes.has(real(path))) return;
    makeDirectory(parentOf(path));
    nodes.set(real(path), { kind: "directory", mode });
  };
  const bytesOf = (path: string): Uint8Array | undefined => {
    const node = nodes.get(real(path));
    return node?.kind === "file" || node?.kind === "block" ? node.bytes : undefined;
  };
  const put: SimulatedMachine["put"] = (path, content, kind = "file") => {
    makeDirectory(parentOf(path));
    nodes.set(real(path), {
      kind,
      mode: 0o644,
      bytes: typeof content === "string" ? encoder.encode(content) : content,
    });
  };

  const machine: SimulatedMachine = {
    nodes,
    commands,
    lines,
    put,
    setWallClock: (milliseconds) => {
      clockStart = milliseconds - clock;
    },
    readText: (path) => {
      const bytes = bytesOf(path);
      return bytes === undefined ? undefined : decoder.decode(bytes);
    },
    readBytes: (path, offset, length) => bytesOf(path)?.slice(offset, offset + length),
    writeText: (path, text, mode = 0o644) => {
      effect();
      if (!nodes.has(real(parentOf(path)))) throw new Error(`${path}: no such directory`);
      nodes.set(real(path), { kind: "file", mode, bytes: encoder.encode(text) });
    },
    writeBytes: (path, offset, bytes) => {
      effect();
      const node = nodes.get(real(path));
      if (node === undefined || !("bytes" in node)) throw new Error(`${path}: no such file`);
      // Disks are large: changed in place. Files grow.
      const changed =
        node.kind === "block" ? node.bytes : new Uint8Array(Math.max(node.bytes.length, offset + bytes.length));
      if (node.kind === "file") changed.set(node.bytes);
      changed.set(bytes, offset);
      nodes.set(real(path), { ...node, bytes: changed });
    },
    list: (path) => {
      const directory = resolve(path);
      if (directory === undefined || nodes.get(directory)?.kind !== "directory") return undefined;
      const prefix = directory === "/" ? "/" : `${directory}/`;
      const names = [...nodes.keys()].filter((key) => key.startsWith(prefix) && key !== "/");
      return [...new Set(names.map((key) => key.slice(prefix.length).split("/")[0] ?? ""))].sort();
    },
    kindOf: (path): PathKind | undefined => {
      const parent = resolve(parentOf(path));
      const name = path.slice(path.lastIndexOf("/") + 1);
      return parent === undefined
        ? undefined
        : nodes.get(path === "/" ? "/" : `${parent === "/" ? "" : parent}/${name}`)?.kind;
    },
    resolve: (path) => resolve(path),
    makeDirectory: (path, mode) => {
      effect();
      makeDirectory(path, mode);
    },
    rename: (from, to) => {
      effect();
      const moved = [...nodes].filter(([key]) => key === from || key.startsWith(`${from}/`));
      if (moved.length === 0) throw new Error(`${from}: no such file`);
      for (const [key, node] of moved) {
        nodes.delete(key);
        nodes.set(to + key.slice(from.length), node);
      }
    },
    remove: (path) => {
      effect();
      nodes.delete(path);
    },
    symlink: (target, path) => {
      effect();
      makeDirectory(parentOf(path));
      nodes.set(path, { kind: "link", target });
    },
    run: (argv, runOptions = {}) => {
      effect();
      commands.push(argv.join(" "));
      const answer = handler(argv, machine, runOptions);
      return { status: answer?.status ?? 0, output: answer?.output ?? "" };
    },
    detach: (argv) => {
      effect();
      commands.push(`detach ${argv.join(" ")}`);
    },
    sleep: (milliseconds) => {
      clock += milliseconds;
    },
    now: () => clock,
    wallClock: () => clockStart + clock,
    environment: (name) => options.environment?.[name],
    log: (line) => {
      lines.push(line);
    },
  };
  return machine;
}
