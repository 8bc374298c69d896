import type { Machine, PathKind, RunOptions, RunResult } from "../machine/machine.ts";

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

function check(result: number, what: string): void {
  if (result < 0) throw new Error(`${what}: ${std.strerror(-result)}`);
}

/** Not std.loadFile: that trusts the file's size, which is nought in /proc. */
function readText(path: string): string | undefined {
  const file = std.open(path, "r");
  if (file === null) return undefined;
  const text = file.readAsString();
  file.close();
  return text;
}

function readBytes(path: string, offset: number, length: number): Uint8Array | undefined {
  const file = std.open(path, "rb");
  if (file === null) return undefined;
  const bytes = new Uint8Array(length);
  file.seek(offset, std.SEEK_SET);
  const count = file.read(bytes.buffer, 0, length);
  file.close();
  return bytes.slice(0, Math.max(0, count));
}

function writeText(path: string, text: string, mode = 0o644): void {
  const fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode);
  check(fd, path);
  const file = std.fdopen(fd, "w");
  if (file === null) throw new Error(`${path}: cannot be opened for writing`);
  file.puts(text);
  // A full disk shows when the buffer is flushed, which close does.
  check(file.close(), path);
}

function writeBytes(path: string, offset: number, bytes: Uint8Array): void {
  const file = std.open(path, "r+b");
  if (file === null) throw new Error(`${path}: cannot be opened for writing`);
  file.seek(offset, std.SEEK_SET);
  const buffer = bytes.slice().buffer;
  const count = file.write(buffer, 0, bytes.length);
  check(file.close(), path);
  if (count !== bytes.length) throw new Error(`${path}: only ${count} of ${bytes.length} bytes written`);
}

const kinds = new Map<number, PathKind>([
  [os.S_IFREG, "file"],
  [os.S_IFDIR, "directory"],
  [os.S_IFLNK, "link"],
  [os.S_IFBLK, "block"],
]);

function kindOf(path: string): PathKind | undefined {
  const [stat] = os.lstat(path);
  return stat === null ? undefined : (kinds.get(stat.mode & os.S_IFMT) ?? "other");
}

function makeDirectory(path: string, mode = 0o755): void {
  if (kindOf(path) !== undefined) return;
  makeDirectory(parentOf(path));
  check(os.mkdir(path, mode), path);
}

let nullDevice = -1;
function devNull(): number {
  if (nullDevice < 0) nullDevice = os.open("/dev/null", os.O_RDWR);
  return nullDevice;
}

function feed(input: string): number {
  const pipe = os.pipe();
  if (pipe === null) throw new Error("no pipe");
  const file = std.fdopen(pipe[1], "w");
  if (file === null) throw new Error("no pipe");
  file.puts(input);
  file.close();
  return pipe[0];
}

function run(argv: readonly [string, ...string[]], options: RunOptions = {}): RunResult {
  const pipe = os.pipe();
  if (pipe === null) throw new Error("no pipe");
  const stdin = options.input === undefined ? devNull() : feed(options.input);
  const pid = os.exec(argv, {
    block: false,
    stdin,
    stdout: pipe[1],
    ...(options.quiet === true ? { stderr: devNull() } : {}),
    ...(options.env === undefined ? {} : { env: { ...std.getenviron(), ...options.env } }),
  });
  os.close(pipe[1]);
  if (options.input !== undefined) os.close(stdin);
  const file = std.fdopen(pipe[0], "r");
  const output = file?.readAsString() ?? "";
  file?.close();
  const [, status] = os.waitpid(pid, 0);
  // wait(2): the low seven bits are the signal, the next byte the exit status.
  return { status: (status & 0x7f) === 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f), output };
}

/** The device itself. */
export const machine: Machine = {
  readText,
  readBytes,
  writeText,
  writeBytes,
  list: (path) => {
    const [names, error] = os.readdir(path);
    return error === 0 ? names.filter((name) => name !== "." && name !== "..").sort() : undefined;
  },
  kindOf,
  resolve: (path) => {
    const [real, error] = os.realpath(path);
    return error === 0 ? real : undefined;
  },
  makeDirectory,
  rename: (from, to) => check(os.rename(from, to), `${from} -> ${to}`),
  remove: (path) => {
    if (kindOf(path) !== undefined) check(os.remove(path), path);
  },
  symlink: (target, path) => check(os.symlink(target, path), path),
  run,
  detach: (argv) => {
    os.exec(argv, { block: false });
  },
  sleep: (milliseconds) => os.sleep(milliseconds),
  now: () => os.now(),
  wallClock: () => Date.now(),
  environment: (name) => std.getenv(name),
  log: (line) => {
    std.out.puts(`${line}\n`);
    std.out.flush();
  },
};
