import { type ConnectionFile, type ConnectionRule, error, warning } from "../connection-file.ts";
import { type Finding, type KeyLine, unescapeValue } from "../key-file.ts";
import { utf8Length } from "../utf8.ts";

const MODES = ["infrastructure", "adhoc", "ap", "mesh"];
const KEY_MANAGEMENT = ["none", "ieee8021x", "owe", "wpa-psk", "sae", "wpa-eap", "wpa-eap-suite-b-192"];
/** They log in with a name instead of a shared password. */
const ENTERPRISE = new Set(["ieee8021x", "wpa-eap", "wpa-eap-suite-b-192"]);
const BANDS = ["a", "bg"];
/** IEEE 802.11: bytes of a network's name. */
const LONGEST_NAME = 32;

const written = (file: ConnectionFile, setting: string, wanted: string): KeyLine | undefined =>
  file.lines(setting).find(({ key }) => key === wanted);

/** Bytes of a name: text, or a list of numbers such as `97;98;`. */
function nameLength(value: string): number | undefined {
  if (/^(?:\d{1,3};)+$/.test(value)) return value.split(";").length - 1;
  const text = unescapeValue(value.replaceAll("\\;", ";"));
  return text === undefined ? undefined : utf8Length(text);
}

function network(file: ConnectionFile): readonly Finding[] {
  const ssid = written(file, "wifi", "ssid");
  if (ssid === undefined) return [error("ssid is missing in [wifi]", file.at("wifi") ?? file.at("connection"))];
  const length = nameLength(ssid.value);
  if (length === undefined) return [error("ssid has an unknown escape: a backslash is written twice", ssid.line)];
  if (length < 1 || length > LONGEST_NAME)
    return [error(`ssid has ${length} bytes; a network's name has 1 to ${LONGEST_NAME}`, ssid.line)];
  return /^".*"$|\s$/.test(ssid.value)
    ? [warning("ssid has quotes or blanks around it, which count as part of the name", ssid.line)]
    : [];
}

function radio(file: ConnectionFile): readonly Finding[] {
  const findings: Finding[] = [];
  const mode = file.line("wifi", "mode");
  if (mode !== undefined && !MODES.includes(mode.value))
    findings.push(error(`mode is not one of ${MODES.join(", ")}`, mode.line));
  const band = file.line("wifi", "band");
  if (band !== undefined && !BANDS.includes(band.value))
    findings.push(error("band is neither a (5 GHz) nor bg (2.4 GHz)", band.line));
  const channel = file.line("wifi", "channel");
  if (channel !== undefined && band === undefined)
    findings.push(error("channel stands there without band", channel.line));
  const misplaced = file.lines("wifi").filter(({ key }) => ["psk", "key-mgmt"].includes(key));
  for (const { key, line } of misplaced) findings.push(warning(`${key} belongs into [wifi-security]`, line));
  return findings;
}

/** A WPA passphrase has 8 to 63 characters; 64 hex digits are the key itself. */
function passphrase(psk: KeyLine): readonly Finding[] {
  const text = unescapeValue(psk.value);
  if (text === undefined) return [error("psk has an unknown escape: a backslash is written twice", psk.line)];
  const length = utf8Length(text);
  if (!(length >= 8 && length <= 63) && !/^[0-9a-f]{64}$/i.test(text))
    return [error(`psk has ${length} characters; WPA takes 8 to 63, or 64 hex digits`, psk.line)];
  return surrounded(psk);
}

const surrounded = ({ value, line }: KeyLine): readonly Finding[] =>
  /^".*"$|\s$/.test(value)
    ? [warning("psk has quotes or blanks around it, which count as part of the password", line)]
    : [];

function security(file: ConnectionFile): readonly Finding[] {
  if (!file.has("wifi-security")) return [];
  const at = file.at("wifi-security");
  const management = file.line("wifi-security", "key-mgmt");
  if (management === undefined) return [error("key-mgmt is missing in [wifi-security]", at)];
  const chosen = management.value.toLowerCase();
  if (!KEY_MANAGEMENT.includes(chosen))
    return [error(`key-mgmt is not one of ${KEY_MANAGEMENT.join(", ")}`, management.line)];
  if (ENTERPRISE.has(chosen))
    return file.has("802-1x") ? [] : [error(`${chosen} needs a section [802-1x]`, management.line)];
  if (chosen !== "wpa-psk" && chosen !== "sae") return [];
  const psk = written(file, "wifi-security", "psk");
  if (psk === undefined) return [error(`psk is missing in [wifi-security]: nobody can be asked for it`, at)];
  if (chosen === "wpa-psk") return passphrase(psk);
  return psk.value === "" ? [error("psk is empty", psk.line)] : surrounded(psk);
}

/** Networks without wires. */
export const wifiRules: ConnectionRule = (file) =>
  file.type === "wifi" ? [...network(file), ...radio(file), ...security(file)] : security(file);
