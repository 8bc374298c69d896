import { Buffer } from "node:buffer";

/** Linux takes no argument or variable (`NAME=VALUE` and its NUL) of more: MAX_ARG_STRLEN, 32 pages, see execve(2). */
const MAX_VARIABLE_BYTES = 128 * 1024;

/** What a service's variables will do that their author does not expect; they are handed on as they are. Pure. */
export function oddVariables(service: string, environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment).flatMap(([name, value]) => {
    const size = Buffer.byteLength(`${name}=${value}`) + 1;
    if (size > MAX_VARIABLE_BYTES) {
      return `${service}: variable ${name} takes ${size} bytes; Linux starts no program with more than ${MAX_VARIABLE_BYTES}`;
    }
    return value.includes("\0") ? `${service}: variable ${name} contains NUL; the engine cuts it there` : [];
  });
}
