import { connectionFile, error } from "./connection-file.ts";
import { type Finding, parseKeyFile } from "./key-file.ts";
import { generalRules } from "./rules/general-rules.ts";
import { ipRules } from "./rules/ip-rules.ts";
import { loginRules } from "./rules/login-rules.ts";
import { wifiRules } from "./rules/wifi-rules.ts";
import { decodeUtf8 } from "./utf8.ts";

const rules = [generalRules, wifiRules, loginRules, ipRules];
/** A connection with certificates in it has some kilobytes. */
const LARGEST_BYTES = 256 * 1024;

export type CheckedConnection = {
  /** In the order of lines. Errors mean that the connection cannot work. */
  readonly findings: readonly Finding[];
  /** What NetworkManager can read: without a byte order mark. Undefined when the bytes are no text. */
  readonly text: string | undefined;
  readonly uuid: string | undefined;
};

const refused = (reason: string): CheckedConnection => ({
  findings: [error(reason)],
  text: undefined,
  uuid: undefined,
});

/**
 * Checks a keyfile of NetworkManager, the way NetworkManager 1.52 would take it. Pure; used on the device before a file is
 * copied, and on the machine that prepares an image. Findings name lines and properties, never values.
 */
export function checkConnection(bytes: Uint8Array): CheckedConnection {
  if (bytes.length > LARGEST_BYTES) return refused(`larger than ${LARGEST_BYTES / 1024} KiB`);
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    return refused("saved as UTF-16: save it as UTF-8");
  if (bytes.every((byte) => byte === 0)) return refused("empty");
  if (bytes.includes(0)) return refused("no text: there are zero bytes in it");
  const decoded = decodeUtf8(bytes);
  if (decoded === undefined) return refused("not UTF-8");
  const text = decoded.replace(/^\uFEFF/, "");
  const parsed = parseKeyFile(text);
  const file = connectionFile(parsed);
  // What is behind a fault may have been read wrongly.
  const findings = parsed.faults.length > 0 ? parsed.faults : rules.flatMap((rule) => rule(file));
  return {
    findings: [...findings].sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    text,
    uuid: file.value("connection", "uuid")?.toLowerCase(),
  };
}

export const isUsable = ({ findings }: CheckedConnection): boolean =>
  findings.every(({ severity }) => severity !== "error");

/** "line 7: psk has 5 characters …" */
export const describeFinding = ({ line, reason }: Finding): string =>
  line === undefined ? reason : `line ${line}: ${reason}`;
