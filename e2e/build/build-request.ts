import { z } from "zod";

/** What a test asks the building process for. */
export const buildRequestSchema = z.object({
  osDir: z.string(),
  cache: z.string(),
  board: z.string().default("tiny"),
  locked: z.boolean().default(false),
  strict: z.boolean().default(false),
  /** Folder for a whole image; without it only the slot is built. */
  out: z.string().optional(),
});

const buildReportSchema = z.union([
  z.strictObject({
    folder: z.string(),
    rootHash: z.string(),
    notes: z.array(z.string()),
    versions: z.array(z.string()),
  }),
  /** As the command line would print it. */
  z.strictObject({ error: z.string() }),
]);

export type BuildRequest = z.input<typeof buildRequestSchema>;
export type BuildReport = z.output<typeof buildReportSchema>;
export const parseReport = (text: string): BuildReport => buildReportSchema.parse(JSON.parse(text));
