import path from "node:path";

/** The checkout that this command line belongs to. */
export const repositoryRoot = path.resolve(import.meta.dirname, "../../..");

/** Layers, boards, locks and ledgers. */
export const osDirectory = path.join(repositoryRoot, "os");
