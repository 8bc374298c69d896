export * from "./deb-cache.ts";
export * from "./fetch-debs.ts";
export * from "./find-mirror.ts";
export * from "./lock.ts";
export * from "./mirror.ts";
export * from "./resolve-packages.ts";
