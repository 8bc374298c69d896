import { z } from "zod";

/** One line of a device's logs. */
export type LogLine = {
  /** Milliseconds since 1970, by the device's clock. */
  readonly timestamp: number;
  /** The service, `system` for what the supervisor says, or what else of the device writes its journal. */
  readonly source: string;
  readonly message: string;
  readonly isStdErr: boolean;
};

/** Where a line is from that no service wrote. */
export const SYSTEM = "system";

const streamed = z.object({
  message: z.string(),
  timestamp: z.number(),
  serviceName: z.string().optional(),
  isStdErr: z.boolean().optional(),
});

/** A line of `/v2/local/logs`; undefined for its greeting and for what is none. Pure. */
export function streamedLine(value: unknown): LogLine | undefined {
  const parsed = streamed.safeParse(value);
  if (!parsed.success) return undefined;
  const { message, timestamp, serviceName, isStdErr = false } = parsed.data;
  return { timestamp, source: serviceName ?? SYSTEM, message: withoutEnd(message), isStdErr };
}

const journalled = z.object({
  MESSAGE: z.union([z.string(), z.array(z.number())]),
  PRIORITY: z.string().optional(),
  __REALTIME_TIMESTAMP: z.string().regex(/^\d+$/),
  CONTAINER_NAME: z.string().optional(),
  SYSLOG_IDENTIFIER: z.string().optional(),
});
/** syslog's "error" and worse: what the engine gives to lines of standard error. */
const ERROR_PRIORITY = 3;

/**
 * An entry that journalctl prints as JSON; undefined for what is none. Without `source`, it is what the entry says.
 * Pure.
 */
export function journalledLine(value: unknown, source?: string): LogLine | undefined {
  const parsed = journalled.safeParse(value);
  if (!parsed.success) return undefined;
  const { MESSAGE, PRIORITY = "6", __REALTIME_TIMESTAMP, CONTAINER_NAME, SYSLOG_IDENTIFIER = SYSTEM } = parsed.data;
  return {
    timestamp: Math.floor(Number(__REALTIME_TIMESTAMP) / 1000),
    // Containers of apps are called SERVICE_IMAGE_RELEASE_COMMIT.
    source: source ?? CONTAINER_NAME?.replace(/_\d+_\d+(_[^_]*)?$/, "") ?? SYSLOG_IDENTIFIER,
    message: withoutEnd(typeof MESSAGE === "string" ? MESSAGE : Buffer.from(MESSAGE).toString("utf8")),
    isStdErr: Number(PRIORITY) <= ERROR_PRIORITY,
  };
}

/** A container with a terminal ends its lines with a carriage return, too. */
const withoutEnd = (message: string): string => message.replace(/[\r\n]+$/, "");
