import path from "node:path";
import { cacheRoot } from "@holdfast/image";

/** The cache of this user, and where virtual devices live in it. */
export const cacheDirectory = cacheRoot(process.env);
export const vmHome = path.join(cacheDirectory, "vm");
