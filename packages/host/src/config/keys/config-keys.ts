import type { ConfigKey } from "./config-key.ts";
import { deviceKeys } from "./device-keys.ts";
import { networkKeys } from "./network-keys.ts";
import { serverKeys } from "./server-keys.ts";
import { supervisorKeys } from "./supervisor-keys.ts";

/** Every key of config.json, in the order of the users' reference. Parsing, checks and docs/configuration.md come from it. */
export const configKeys = { ...deviceKeys, ...networkKeys, ...supervisorKeys, ...serverKeys };

type Keys = typeof configKeys;

/** config.json, parsed: what each key says, or counts as when it is absent. */
export type HostConfig = { readonly [Name in keyof Keys]: Keys[Name] extends ConfigKey<infer Value> ? Value : never };
