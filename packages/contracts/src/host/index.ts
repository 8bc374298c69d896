export * from "./discoverability.ts";
export * from "./firewall-wish.ts";
export * from "./hostname.ts";
export * from "./json-object.ts";
export * from "./network-request.ts";
export * from "./proxy-settings.ts";
export * from "./redsocks-file.ts";
