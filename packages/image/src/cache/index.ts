export * from "./build-once.ts";
export * from "./cache-root.ts";
export * from "./canonical-json.ts";
export * from "./disk-full.ts";
export * from "./scratch.ts";
export * from "./stage.ts";
export * from "./write-durably.ts";
