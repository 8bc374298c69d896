import { defineKey } from "./config-key.ts";
import { parseRootCertificates } from "./root-certificates.ts";
import { anyText, httpAddress, optionalFlag, textLike, wholeNumber, wordsLike } from "./value-parsers.ts";

const V4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$|#)|(?=$|#))){4}/;
/** Loosely: dnsmasq itself is strict, and a word of these characters cannot harm its file. */
const V6 = /^(?=[^#]*:[^#]*:)[0-9a-f:.]{2,45}/i;
const NAME_SERVER = new RegExp(`(?:${V4.source}|${V6.source})(?:#\\d{1,5})?$`, "i");
/** A name or an address of either family. */
const TIME_SERVER = /^[A-Za-z0-9][A-Za-z0-9.:_-]{0,252}$/;
const DEVICE_TEST = "e2e/device-config-network.e2e.test.ts";
/** A day and a half of hours would be odd, a year is a slip. */
const YEAR_SECONDS = 31_536_000;

/** How the device reaches the network, and whom it trusts there. */
export const networkKeys = {
  country: defineKey({
    key: "country",
    value: "two letters (ISO 3166)",
    parse: (value, complain) => textLike(/^[a-z]{2}$/i, "not a country of two letters")(value, complain)?.toUpperCase(),
    absent: undefined,
    effect: "rules that Wi-Fi keeps; a removed key counts from the next boot",
    when: "live",
    test: DEVICE_TEST,
  }),
  dnsServers: defineKey<readonly string[] | undefined>({
    key: "dnsServers",
    value: 'addresses between blanks, each perhaps with `#port`; `"null"` or empty: none',
    parse: (value, complain) =>
      value === "null" ? [] : wordsLike(NAME_SERVER, "not the address of a name server")(value, complain),
    absent: undefined,
    default: "`8.8.8.8`",
    effect: "name servers asked besides those of the network",
    when: "live",
    test: DEVICE_TEST,
  }),
  ntpServers: defineKey<readonly string[]>({
    key: "ntpServers",
    value: "names or addresses between blanks",
    parse: wordsLike(TIME_SERVER, "not a name or an address"),
    absent: [],
    default: "none",
    effect: "time servers besides the four built-in pools",
    when: "live",
    test: DEVICE_TEST,
  }),
  connectivityUri: defineKey({
    key: "os.network.connectivity.uri",
    value: "http or https address",
    parse: httpAddress,
    absent: undefined,
    default: "`<apiEndpoint>/connectivity-check`; without both, nothing is checked",
    effect: "what NetworkManager asks to know whether the internet can be reached",
    when: "live",
    test: DEVICE_TEST,
  }),
  connectivityInterval: defineKey({
    key: "os.network.connectivity.interval",
    value: "seconds; 0: never",
    parse: wholeNumber(0, YEAR_SECONDS),
    absent: undefined,
    default: "`3600`",
    effect: "how often it asks",
    when: "live",
    test: DEVICE_TEST,
  }),
  connectivityResponse: defineKey({
    key: "os.network.connectivity.response",
    value: "text in one line",
    parse: anyText,
    absent: undefined,
    default: "an empty answer, or status 204",
    effect: "how the answer has to begin",
    when: "live",
    test: DEVICE_TEST,
  }),
  randomMacAddressScan: defineKey<boolean | undefined>({
    key: "os.network.wifi.randomMacAddressScan",
    value: "`true` or `false`",
    parse: optionalFlag,
    absent: undefined,
    default: "NetworkManager's",
    effect: "Wi-Fi scans with a random hardware address",
    when: "live",
    test: DEVICE_TEST,
  }),
  rootCertificates: defineKey({
    key: "balenaRootCA",
    value: "PEM certificates, encoded as base64",
    parse: parseRootCertificates,
    absent: undefined,
    effect:
      "trusted by the host's programs, the engine (restarted; containers run on) and the supervisor, besides the public roots",
    when: "live",
    test: DEVICE_TEST,
  }),
};
