export * from "./hostname.ts";
export * from "./proxy-settings.ts";
export * from "./redsocks-file.ts";
