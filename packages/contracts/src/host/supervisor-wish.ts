import { readJsonObject } from "./json-object.ts";

/** Where the supervisor leaves its wish, in its own store: a data reset takes the wish along with the images. */
export const SUPERVISOR_WISH = "supervisor-wish.json";

/** Which supervisor the fleet wants: written by the one that runs, once the image is on the disk, read by the host. */
export type SupervisorWish = {
  /** Commit of the release of the supervisor's app. */
  readonly release: string;
  /** Config digest of the image, `sha256:<hex>`. */
  readonly id: string;
  /** The wish came from a fleet server: a supervisor that cannot speak with it is of no use. */
  readonly needsServer: boolean;
};

const IMAGE_ID = /^sha256:[0-9a-f]{64}$/;

export const formatSupervisorWish = (wish: SupervisorWish): string => `${JSON.stringify({ version: 1, ...wish })}\n`;

/** Undefined for a text that is no wish, or none that this version understands. Never throws. Pure. */
export function parseSupervisorWish(text: string | undefined): SupervisorWish | undefined {
  const { version, release, id, needsServer } = readJsonObject(text);
  if (version !== 1 || typeof release !== "string" || release === "" || release.length > 255) return undefined;
  if (typeof id !== "string" || !IMAGE_ID.test(id)) return undefined;
  return { release, id, needsServer: needsServer === true };
}
