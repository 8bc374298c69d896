/** The status with which a device's shell says that the service does not run there. */
export const NO_SUCH_SERVICE = 69;

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * The command line for a device's shell that enters the container of a service, found by its name as balena's tools do
 * (compat 6.3), and runs a command there or the best shell that it has. Pure.
 */
export function serviceShell(service: string, command: string | undefined, terminal: boolean): string {
  const pattern = quote(`^${service.replaceAll(".", "\\.")}_[0-9]+_[0-9]+`);
  const inside = command ?? "if [ -e /bin/bash ]; then exec /bin/bash; else exec /bin/sh; fi";
  return [
    "engine=docker; [ -x /usr/bin/balena ] && engine=balena",
    `found=$($engine ps --format '{{.Names}}' | grep -E ${pattern} | head -n 1)`,
    `[ -n "$found" ] || { echo ${quote(`No service ${service} runs on this device. Containers that do:`)} >&2; $engine ps --format '  {{.Names}}' >&2; exit ${NO_SUCH_SERVICE}; }`,
    `exec $engine exec -i ${terminal ? "-t " : ""}"$found" /bin/sh -c ${quote(inside)}`,
  ].join("; ");
}
