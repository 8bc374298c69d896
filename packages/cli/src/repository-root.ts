import path from "node:path";

/** The checkout that this command line belongs to. */
export const repositoryRoot = path.resolve(import.meta.dirname, "../../..");
