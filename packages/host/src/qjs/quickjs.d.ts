/**
 * What Debian's quickjs (2025-04-26) offers, as far as host programs use it: `qjs --std` makes both modules global.
 * https://bellard.org/quickjs/quickjs.html
 */
declare namespace std {
  export type File = {
    close(): number;
    puts(text: string): void;
    flush(): void;
    readAsString(maximum?: number): string;
    read(buffer: ArrayBuffer, position: number, length: number): number;
    write(buffer: ArrayBuffer, position: number, length: number): number;
    seek(offset: number, whence: number): number;
  };
  export const SEEK_SET: number;
  export const out: File;
  export const err: File;
  export function exit(status: number): never;
  export function gc(): void;
  export function getenv(name: string): string | undefined;
  export function getenviron(): Record<string, string>;
  export function open(path: string, flags: string): File | null;
  export function fdopen(fd: number, flags: string): File | null;
  export function strerror(code: number): string;
}

declare namespace os {
  export const O_RDONLY: number;
  export const O_WRONLY: number;
  export const O_RDWR: number;
  export const O_CREAT: number;
  export const O_TRUNC: number;
  export const S_IFMT: number;
  export const S_IFREG: number;
  export const S_IFDIR: number;
  export const S_IFLNK: number;
  export const S_IFBLK: number;
  export type Stat = { readonly mode: number; readonly size: number };
  export type ExecOptions = {
    block?: boolean;
    usePath?: boolean;
    stdin?: number;
    stdout?: number;
    stderr?: number;
    env?: Record<string, string>;
  };
  export function exec(argv: readonly string[], options?: ExecOptions): number;
  export function waitpid(pid: number, options: number): [pid: number, status: number];
  export function pipe(): [read: number, write: number] | null;
  export function open(path: string, flags: number, mode?: number): number;
  export function close(fd: number): number;
  export function read(fd: number, buffer: ArrayBuffer, offset: number, length: number): number;
  export function write(fd: number, buffer: ArrayBuffer, offset: number, length: number): number;
  export function readdir(path: string): [names: string[], error: number];
  export function isatty(fd: number): boolean;
  export function realpath(path: string): [path: string, error: number];
  export function lstat(path: string): [stat: Stat | null, error: number];
  export function mkdir(path: string, mode?: number): number;
  export function rename(from: string, to: string): number;
  export function remove(path: string): number;
  export function symlink(target: string, path: string): number;
  export function sleep(milliseconds: number): void;
  export function now(): number;
}

declare var scriptArgs: readonly string[];
