export * from "./control.ts";
export * from "./open-deb.ts";
