/**
 * Turns a command of the tools tree (QEMU, mkfs.erofs, ukify, ssh, …) into one that the build machine can execute, e.g.
 * by putting a sandbox's own arguments in front. Paths mean the same inside and outside. Pure.
 */
export type ToolCommand = (argv: readonly [string, ...string[]]) => readonly [string, ...string[]];
