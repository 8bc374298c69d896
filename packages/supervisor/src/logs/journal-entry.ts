import * as z from "zod";
import type { LogMessage } from "./log-message.ts";

/** What the journal says of a line, as `journalctl -o json` writes it. Text that is not UTF-8 comes as a list of bytes. */
const entrySchema = z.object({
  MESSAGE: z.union([z.string(), z.array(z.number())]),
  PRIORITY: z.string().optional(),
  CONTAINER_ID_FULL: z.string().optional(),
  CONTAINER_NAME: z.string().optional(),
  _SYSTEMD_UNIT: z.string().optional(),
  __REALTIME_TIMESTAMP: z.string().regex(/^\d+$/),
  __CURSOR: z.string().optional(),
});
export type JournalEntry = z.infer<typeof entrySchema>;

/** The service behind a container. */
export type LoggedService = {
  readonly serviceId: number;
  readonly serviceName: string;
  /** Set by the user as BALENA_LOGS_LEVEL. */
  readonly level: "all" | "error" | "none";
};

/** Finds the service of a container by the engine's id, or by its name while nobody has looked at it yet. */
export type FindService = (containerId: string, containerName: string) => LoggedService | undefined;

/** Units of the host whose lines the fleet's owner sees (compat 9). */
export const HOST_UNITS = ["os-power-mode", "os-fan-profile", "nvpmodel", "jetson-qspi-manager", "os-update"].map(
  (name) => `${name}.service`,
);

/** syslog's "error" and worse: what the engine gives to the lines of standard error. */
const ERROR_PRIORITY = 3;
const MICROSECONDS = 1000;

/** Parses a value of the journal; undefined for what is none. Pure. */
export function parseJournalEntry(value: unknown): JournalEntry | undefined {
  const parsed = entrySchema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

/** An entry as a line for listeners; undefined when it is not for them. Pure. */
export function logMessageOf(entry: JournalEntry, findService: FindService): LogMessage | undefined {
  const { MESSAGE, CONTAINER_ID_FULL: id, CONTAINER_NAME: name = "", _SYSTEMD_UNIT: unit = "" } = entry;
  const isStdErr = Number(entry.PRIORITY ?? "6") <= ERROR_PRIORITY;
  const line = {
    message: typeof MESSAGE === "string" ? MESSAGE : Buffer.from(MESSAGE).toString("utf8"),
    timestamp: Math.floor(Number(entry.__REALTIME_TIMESTAMP) / MICROSECONDS),
    ...(isStdErr ? { isStdErr } : {}),
  };
  if (id === undefined) return HOST_UNITS.includes(unit) ? { ...line, isSystem: true } : undefined;
  const service = findService(id, name);
  if (service === undefined || service.level === "none") return undefined;
  if (service.level === "error" && !isStdErr) return undefined;
  return { ...line, serviceId: service.serviceId, serviceName: service.serviceName };
}

/** What a service's environment says of its logs (compat 4.1): `none`, errors only, or all. Pure. */
export function logLevelOf(environment: readonly string[]): LoggedService["level"] {
  const prefix = "BALENA_LOGS_LEVEL=";
  const value = environment.find((entry) => entry.startsWith(prefix))?.slice(prefix.length);
  if (value === "none") return "none";
  return value === "err" || value === "error" ? "error" : "all";
}
