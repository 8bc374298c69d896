import type { LogMessage } from "../../logs/log-message.ts";

/** Longest message in characters, the mark of a cut one included (compat 5.4). */
const MAX_MESSAGE = 10_000;
const CUT = "[...]";

/**
 * A message as a line of the stream, with its line break; undefined for one of a service without number, for which the
 * server would end the stream. Pure.
 */
export function wireLine({ message, timestamp, isStdErr, isSystem, serviceId }: LogMessage): string | undefined {
  if (isSystem !== true && !Number.isInteger(serviceId)) return undefined;
  const text = message.length > MAX_MESSAGE ? message.slice(0, MAX_MESSAGE - CUT.length) + CUT : message;
  const line = {
    message: text,
    timestamp,
    ...(isStdErr === undefined ? {} : { isStdErr }),
    ...(isSystem === undefined ? {} : { isSystem }),
    ...(serviceId === undefined ? {} : { serviceId }),
  };
  return `${JSON.stringify(line)}\n`;
}
