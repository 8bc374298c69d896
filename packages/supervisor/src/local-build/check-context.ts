import { createHash } from "node:crypto";
import {
  CHUNK_BYTES,
  type ContextEntry,
  contextEntry,
  MAX_CONTEXT_BYTES,
  MAX_CONTEXT_ENTRIES,
  refuse,
} from "@holdfast/contracts";

/**
 * Takes a manifest's lines one by one and refuses what no honest client sends: entries out of order or twice, below
 * something that is no directory of this manifest (a link, for instance), more than a device can hold.
 */
export class ContextCheck {
  readonly #identity = createHash("sha256");
  readonly #directories = new Set<string>();
  #last = "";
  #entries = 0;
  #bytes = 0;

  /** @throws `supervisor.invalid-context` */
  take(line: string): ContextEntry {
    const entry = parse(line);
    const { path } = entry;
    if (path <= this.#last) invalid(`${path}: entries must be sorted, each path once`);
    this.#last = path;
    const parent = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    if (parent !== "" && !this.#directories.has(parent)) invalid(`${path}: its directory is not in the list`);
    if (entry.type === "directory") this.#directories.add(path);
    if (entry.type === "file") this.#addFile(entry);
    this.#entries += 1;
    if (this.#entries > MAX_CONTEXT_ENTRIES) invalid(`more than ${MAX_CONTEXT_ENTRIES} files and directories`);
    this.#identity.update(`${JSON.stringify(identityOf(entry))}\n`);
    return entry;
  }

  /** What the context is known by: the same for the same names, modes and contents, whenever files were changed. */
  id(): string {
    return this.#identity.digest("hex");
  }

  #addFile({ path, size, chunks }: ContextEntry & { type: "file" }): void {
    if (chunks.length !== Math.ceil(size / CHUNK_BYTES)) invalid(`${path}: ${chunks.length} chunks for ${size} bytes`);
    this.#bytes += size;
    if (this.#bytes > MAX_CONTEXT_BYTES) invalid(`more than ${MAX_CONTEXT_BYTES} bytes`);
  }
}

/** Times are left out: neither the engine's cache nor an unchanged image depends on them. */
function identityOf(entry: ContextEntry): readonly unknown[] {
  switch (entry.type) {
    case "file":
      return [entry.path, "file", entry.mode, entry.size, ...entry.chunks];
    case "directory":
      return [entry.path, "directory", entry.mode];
    case "symlink":
      return [entry.path, "symlink", entry.target];
  }
}

function parse(line: string): ContextEntry {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return invalid(`a line is no JSON: ${line.slice(0, 80)}`);
  }
  const parsed = contextEntry.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return invalid(
    `${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? "malformed"} in ${line.slice(0, 80)}`,
  );
}

function invalid(problem: string): never {
  return refuse("supervisor.invalid-context", {
    message: `The build context cannot be used: ${problem}.`,
    hint: "Name in .dockerignore what the build does not need.",
  });
}
