import { HOSTNAME } from "@holdfast/contracts/host";
import { defineKey } from "./config-key.ts";
import { parsePublicKeys } from "./public-keys.ts";
import { parseUdevRules, type UdevRules } from "./udev-rules.ts";
import { flag, oneOf, textLike } from "./value-parsers.ts";

const UUID = /^([0-9a-f]{32}|[0-9a-f]{62})$/;
/** What the engine takes as a volume's name. */
const VOLUME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;
const DEVICE_TEST = "e2e/device-config.e2e.test.ts";
const BOOT_TEST = "e2e/device-config-boot.e2e.test.ts";
const PARSER_TEST = "packages/host/src/config/host-config.test.ts";

/** Who the device is, who may log in, and its hardware. */
export const deviceKeys = {
  hostname: defineKey({
    key: "hostname",
    value: "host name, at most 64 characters",
    parse: textLike(HOSTNAME, "not a host name"),
    absent: undefined,
    default: "first 7 characters of `uuid`",
    effect: "name of the device: kernel, `/etc/hostname`, `<hostname>.local`",
    when: "live",
    test: DEVICE_TEST,
  }),
  uuid: defineKey({
    key: "uuid",
    value: "32 (or 62) lower-case hex characters",
    parse: textLike(UUID, "not 32 or 62 lower-case hex characters"),
    absent: undefined,
    default: "made on the first boot and written back",
    effect: "identity of the device; a value that is there is never replaced, one that was left out is put back",
    when: "first boot",
    test: "e2e/host.e2e.test.ts",
  }),
  developmentMode: defineKey({
    key: "developmentMode",
    value: "`true` or `false`",
    parse: flag,
    absent: false,
    default: "`false`",
    // Whoever writes something else than true there does not want the device open.
    whenInvalid: "absent",
    effect: "consoles log in without a password; ssh too, unless `os.sshKeys` has keys",
    when: "live",
    test: DEVICE_TEST,
  }),
  sshKeys: defineKey({
    key: "os.sshKeys",
    value: "list of public keys",
    parse: parsePublicKeys,
    absent: [],
    default: "none",
    effect: "may log in as root by ssh on port 22222; with keys, development mode takes no password either",
    when: "live",
    test: DEVICE_TEST,
  }),
  udevRules: defineKey<UdevRules>({
    key: "os.udevRules",
    value: "object: name -> text of the rules",
    parse: parseUdevRules,
    absent: {},
    default: "none",
    effect:
      "`/etc/udev/rules.d/<name>.rules`; other `*.rules` files there are removed; udev applies them to all devices",
    when: "live",
    test: DEVICE_TEST,
  }),
  persistentLogging: defineKey({
    key: "persistentLogging",
    value: "`true` or `false`",
    parse: flag,
    absent: false,
    default: "`false`",
    effect: "the journal is kept on the data partition, at `/var/log/journal`, instead of in memory",
    when: "boot",
    test: BOOT_TEST,
  }),
  fanProfile: defineKey({
    key: "os.fan.profile",
    value: "`quiet` or `cool`",
    parse: oneOf(["quiet", "cool"]),
    absent: undefined,
    effect: "the board's program sets the fan; boards without one say so in the journal",
    when: "live",
    test: DEVICE_TEST,
  }),
  powerMode: defineKey({
    key: "os.power.mode",
    value: "`low`, `mid` or `high`",
    parse: oneOf(["low", "mid", "high"]),
    absent: undefined,
    effect: "the board's program sets the power mode; boards without one say so in the journal",
    when: "boot",
    test: BOOT_TEST,
  }),
  extraFirmwareVolume: defineKey({
    key: "os.kernel.extraFirmwareVol",
    value: "name of a volume",
    parse: textLike(VOLUME, "not the name of a volume"),
    absent: undefined,
    effect: "the kernel looks for firmware in this volume first; the volume has to exist",
    when: "live",
    test: DEVICE_TEST,
  }),
  deviceType: defineKey({
    key: "deviceType",
    value: "slug",
    parse: textLike(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, "not a slug"),
    absent: undefined,
    default: "the board's",
    effect: "what the device registers as",
    when: "boot",
    test: PARSER_TEST,
  }),
};
