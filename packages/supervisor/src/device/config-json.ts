import { messageOf } from "@holdfast/contracts";
import * as z from "zod";
import type { Log } from "../log.ts";
import { readIfThere } from "../storage/durable-file.ts";

/** A value of the wrong type means "not given": one bad key must not take the device down. */
const text = z.string().optional().catch(undefined);
const number = z.coerce.number().int().positive().optional().catch(undefined);

/** The keys of config.json that the supervisor reads (compat 1.3). */
const configJson = z
  .object({
    uuid: text,
    deviceType: text,
    apiEndpoint: text,
    apiKey: text,
    deviceApiKey: text,
    hostname: text,
    initialDeviceName: text,
    listenPort: number,
    apiTimeout: number,
    appUpdatePollInterval: number,
    bootstrapRetryDelay: number,
    logsEndpoint: text,
    developmentMode: z.boolean().optional().catch(undefined),
  })
  .readonly();
export type ConfigJson = z.infer<typeof configJson>;

/** Parses config.json's text; text that is no JSON object gives an empty configuration and a line in the log. */
function parseConfigJson(content: string, log: Log): ConfigJson {
  try {
    return configJson.parse(JSON.parse(content));
  } catch (error) {
    log.error(`config.json is ignored: ${messageOf(error)}`);
    return {};
  }
}

/** Reads config.json; a missing one means an unmanaged device. */
export async function readConfigJson(path: string, log: Log): Promise<ConfigJson> {
  const content = await readIfThere(path);
  return content === undefined ? {} : parseConfigJson(content, log);
}
