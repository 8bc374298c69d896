import { refuse } from "@holdfast/contracts";

/** Text that looks the same in a keyfile; everything else is written as bytes, which need no escapes. */
const PLAIN = /^[A-Za-z0-9_.'()-](?:[A-Za-z0-9 _.'()-]*[A-Za-z0-9_.'()-])?$/;

const networkName = (ssid: string): string =>
  PLAIN.test(ssid) ? ssid : [...new TextEncoder().encode(ssid)].map((byte) => `${byte};`).join("");
const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replace(/^[ \t]/, "\\s");

/** The keyfile of a Wi-Fi network; without a password it is an open one. Pure. @throws `cli.usage` */
export function wifiKeyfile(ssid: string, psk: string | undefined): string {
  if (/[\r\n]/.test(`${ssid}${psk ?? ""}`))
    refuse("cli.usage", {
      message: "--wifi-ssid and --wifi-psk take text of one line.",
      hint: "Remove the line break.",
    });
  const security = psk === undefined ? [] : ["", "[wifi-security]", "key-mgmt=wpa-psk", `psk=${escaped(psk)}`];
  return `${[
    "[connection]",
    "id=wifi",
    "type=wifi",
    "",
    "[wifi]",
    "mode=infrastructure",
    `ssid=${networkName(ssid)}`,
    ...security,
    "",
    "[ipv4]",
    "method=auto",
    "",
    "[ipv6]",
    "method=auto",
  ].join("\n")}\n`;
}
