import { type HoldfastError, worldError } from "@holdfast/contracts";
import type { CloudAnswer } from "./cloud-http.ts";

const LONGEST_REASON = 200;

/** An answer that is not what was asked for, as an error that names status and, as far as it is text, the reason. */
export function serverRefusal(what: string, { status, body }: CloudAnswer): HoldfastError {
  const text = body.toString("utf8", 0, LONGEST_REASON).replace(/\s+/g, " ").trim();
  // A page of HTML says nothing that a line in a log could hold.
  const reason = text === "" || text.startsWith("<") ? "" : ` (${text})`;
  return worldError("supervisor.server-refused", { message: `${what}: Error from the API: ${status}${reason}` });
}
