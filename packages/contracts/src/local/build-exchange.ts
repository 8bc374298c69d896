import * as z from "zod";
import { entityName } from "../balena/names.ts";
import { pathInside, sha256Hex } from "./context-entry.ts";

/** What a device answers to a manifest: its id, and which chunks it lacks. */
export const contextAnswer = z.object({ context: sha256Hex, missing: z.array(sha256Hex) });
export type ContextAnswer = z.infer<typeof contextAnswer>;

/** What a device is to build. */
export const buildOrder = z.strictObject({
  context: sha256Hex,
  service: entityName,
  dockerfile: pathInside,
  args: z.record(z.string().max(255), z.string().max(4096)).default({}),
  target: z.string().max(255).optional(),
  /** Builds without the engine's cache, and even if the image is there. */
  fresh: z.boolean().default(false),
});
export type BuildOrder = z.infer<typeof buildOrder>;

/** A line of the answer to a build: output, and at last the image or the error. */
export const buildMessage = z.union([
  z.object({ line: z.string() }),
  z.object({ image: z.string(), built: z.boolean() }),
  z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
]);
export type BuildMessage = z.infer<typeof buildMessage>;
