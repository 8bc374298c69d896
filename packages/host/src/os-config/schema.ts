import { parseJson } from "../config/json-text.ts";
import { isObject } from "../config/keys/value-parsers.ts";
import type { Machine } from "../machine/machine.ts";

/** A service of the host that the fleet server configures: its files, and the units that read them. */
export type ManagedService = {
  readonly id: string;
  /** Name of the file in the server's answer -> where it lies. */
  readonly files: Readonly<Record<string, string>>;
  readonly units: readonly string[];
};

/** What os-config may touch: /etc/os-config.json, part of the device contract. */
export type OsConfigSchema = {
  readonly services: readonly ManagedService[];
  /** Keys of config.json that joining replaces and leaving removes. */
  readonly keys: readonly string[];
};

const OS_CONFIG_JSON = "/etc/os-config.json";

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter(isText) : []);

function parseService(value: unknown): ManagedService | undefined {
  if (!isObject(value) || !isText(value["id"]) || !isObject(value["files"])) return undefined;
  const files: [string, string][] = [];
  for (const [name, file] of Object.entries(value["files"])) {
    const path = isObject(file) ? file["path"] : undefined;
    if (!isText(path) || !path.startsWith("/")) return undefined;
    files.push([name, path]);
  }
  return { id: value["id"], files: Object.fromEntries(files), units: texts(value["systemd_services"]) };
}

/** Parses /etc/os-config.json. Pure. @throws when the image's own file is not what it should be: a fault of the build. */
export function parseSchema(text: string): OsConfigSchema {
  const parsed = parseJson(text);
  const json = parsed.ok ? parsed.value : undefined;
  if (!isObject(json) || !Array.isArray(json["services"])) throw new Error(`${OS_CONFIG_JSON} is not valid`);
  const services = json["services"].map(parseService);
  if (services.includes(undefined)) throw new Error(`${OS_CONFIG_JSON}: a service lacks id or files`);
  return { services: services.filter((service) => service !== undefined), keys: texts(json["keys"]) };
}

export const readSchema = (machine: Machine): OsConfigSchema => parseSchema(machine.readText(OS_CONFIG_JSON) ?? "");
