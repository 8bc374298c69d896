export * from "./control.ts";
export type { DebEntry } from "./deb-index.ts";
export * from "./open-deb.ts";
