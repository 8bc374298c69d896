/** What config.json asks of the host, parsed. Keys that are not the host's are left to their owners. */
export type HostConfig = {
  readonly hostname: string | undefined;
  readonly uuid: string | undefined;
  readonly developmentMode: boolean;
  readonly sshKeys: readonly string[];
};

/** A key of config.json whose value cannot be used; it counts as absent. Values are never named: they may be secret. */
type ConfigProblem = { readonly key: string; readonly reason: string };

export type ParsedConfig =
  | { readonly ok: true; readonly config: HostConfig; readonly problems: readonly ConfigProblem[] }
  | { readonly ok: false; readonly reason: string };

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** RFC 1123: one label or several, as the kernel and mDNS take them. */
const HOSTNAME = /^(?=.{1,64}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const UUID = /^([0-9a-f]{32}|[0-9a-f]{62})$/;
/** Type, base64 and a comment, possibly behind options; one line. */
const SSH_KEY =
  /^[^\n\r\0]*\b(ssh-(rsa|ed25519|dss)|ecdsa-sha2-nistp\d+|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/=]+[^\n\r\0]*$/;

/** Line and column of the character that JSON.parse stumbled over cannot be had from QuickJS: its message says where. */
function parseObject(text: string): Json | string {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    return isObject(value) ? value : "not a JSON object";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Parses config.json as far as the host reads it. Pure; a wrong type spoils its key only. */
export function parseHostConfig(text: string): ParsedConfig {
  const json = parseObject(text);
  if (typeof json === "string") return { ok: false, reason: json };
  const problems: ConfigProblem[] = [];
  const textOf = (key: string, pattern: RegExp, reason: string): string | undefined => {
    const value = json[key];
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value === "string" && pattern.test(value)) return value;
    problems.push({ key, reason });
    return undefined;
  };
  const os = json["os"];
  if (os !== undefined && !isObject(os)) problems.push({ key: "os", reason: "not an object" });
  return {
    ok: true,
    config: {
      hostname: textOf("hostname", HOSTNAME, "not a host name"),
      uuid: textOf("uuid", UUID, "not 32 or 62 lower-case hex characters"),
      developmentMode: parseFlag(json["developmentMode"], (reason) =>
        problems.push({ key: "developmentMode", reason }),
      ),
      sshKeys: parseKeys(isObject(os) ? os["sshKeys"] : undefined, problems),
    },
    problems,
  };
}

/** The device contract: JSON true and the text "true" both enable. */
function parseFlag(value: unknown, complain: (reason: string) => void): boolean {
  if (value === true || value === "true") return true;
  if (value !== undefined && value !== null && value !== false && value !== "false") complain("neither true nor false");
  return false;
}

function parseKeys(value: unknown, problems: ConfigProblem[]): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    problems.push({ key: "os.sshKeys", reason: "not a list" });
    return [];
  }
  const keys: string[] = [];
  for (const [index, key] of value.entries()) {
    const line = typeof key === "string" ? key.trim() : "";
    if (SSH_KEY.test(line)) keys.push(line);
    else problems.push({ key: `os.sshKeys[${index}]`, reason: "not a public key in one line" });
  }
  return keys;
}
