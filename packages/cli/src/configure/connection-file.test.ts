import { checkConnection } from "@holdfast/host";
import fc from "fast-check";
import { expect, it } from "vitest";
import { connectionSamples } from "../../../image/src/build/connection-samples.ts";
import { checkConnectionInput } from "./connection-file.ts";
import { wifiKeyfile } from "./wifi-keyfile.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const input = (name: string, text: string) => ({ name, origin: `./${name}`, bytes: encode(text) });
const ETHERNET = "[connection]\nid=x\ntype=ethernet\n";

it("refuses a connection by the device's own rules, naming file and lines", () => {
  expect(checkConnectionInput(input("lan", ETHERNET))).toEqual([]);
  expect(checkConnectionInput(input("lan", `${ETHERNET}autoconnect=maybe\n`))).toEqual([
    "./lan: line 4: autoconnect is neither true nor false: it counts as true",
  ]);
  expect(() => checkConnectionInput(input("lan", "[connection]\ntype=lan\n[ipv4]\n"))).toThrow(
    /\.\/lan: line 2: type is no kind.*\n.*\.\/lan: line 3: method is missing/,
  );
});

it.each(["home.ignore", "ca.pem", ".hidden", "a:b", "dot.", "my.abcdef", "x".repeat(90)])(
  "refuses a name that NetworkManager or FAT cannot take: %s",
  (name) => {
    expect(() => checkConnectionInput(input(name, ETHERNET))).toThrow("does not read a connection from a file named");
  },
);

it("makes a keyfile that works of any network's name and password", () => {
  expect(wifiKeyfile("Home 5G", "correct horse")).toContain("ssid=Home 5G\n");
  expect(wifiKeyfile("97;", undefined)).toContain("ssid=57;55;59;\n");
  expect(wifiKeyfile("Home", undefined)).not.toContain("wifi-security");
  const name = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => encode(text).length <= 32);
  const oneLine = (text: string): boolean => !/[\r\n\0]/.test(text);
  const password = fc.string({ minLength: 8, maxLength: 63 }).filter(oneLine);
  fc.assert(
    fc.property(name.filter(oneLine), password, (ssid, psk) => {
      const errors = checkConnection(encode(wifiKeyfile(ssid, psk))).findings.filter(
        ({ severity }) => severity === "error",
      );
      expect(errors).toEqual([]);
    }),
  );
});

it("has samples in the image that work once they are renamed", () => {
  for (const [name, text] of Object.entries(connectionSamples))
    if (name !== "README.ignore") expect([name, checkConnection(encode(text)).findings]).toEqual([name, []]);
});
