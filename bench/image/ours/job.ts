import { z } from "zod";

/** What one measured process builds. */
export const jobSchema = z.object({
  board: z.string(),
  /** Folder with boards, layers, locks and ledgers: a copy, of which one file is changed. */
  osDir: z.string(),
  /** Folder for the disk image. */
  out: z.string(),
  part: z.enum(["supervisor-archive", "slot", "image"]),
  compression: z.enum(["none", "lz4hc", "zstd"]),
});
export type Job = z.output<typeof jobSchema>;

const sizes = z.object({ slot: z.number(), initrd: z.number(), uki: z.number(), image: z.number() });
/** What it prints: bytes. */
export const builtSchema = z.object({ archive: z.number().optional(), sizes: sizes.optional() });
export type Built = z.output<typeof builtSchema>;
