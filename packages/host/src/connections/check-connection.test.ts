import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkConnection, describeFinding, isUsable } from "./check-connection.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const findings = (text: string): string[] =>
  checkConnection(encode(text)).findings.map((each) => `${each.severity}: ${describeFinding(each)}`);

const ethernet = "[connection]\nid=wire\ntype=ethernet\n";
const wifi = "[connection]\nid=home\ntype=wifi\n[wifi]\nssid=Home\n";
const wpa = (psk: string): string => `${wifi}[wifi-security]\nkey-mgmt=wpa-psk\n${psk}\n`;
const gsm = "[connection]\nid=cell\ntype=gsm\n[gsm]\n";

describe("a keyfile that works", () => {
  it.each([
    ethernet,
    `${ethernet}[ipv4]\nmethod=manual\naddress1=192.0.2.5/24,192.0.2.1\ndns=192.0.2.1;9.9.9.9;\n[ipv6]\nmethod=ignore\n`,
    `${ethernet}[ipv6]\nmethod=manual\naddress1=2001:db8::5/64,fe80::1\n`,
    "[connection]\r\nid=wire\r\ntype=802-3-ethernet\r\n",
    wpa("psk=correct horse"),
    wpa(`psk=${"0f".repeat(32)}`),
    `${wifi}[wifi-security]\nkey-mgmt=sae\npsk=x\n`,
    `${wifi}[wifi-security]\nkey-mgmt=wpa-eap\n[802-1x]\neap=peap;\nidentity=me\npassword=x\nphase2-auth=mschapv2\n`,
    "[connection]\nid=old\n[802-11-wireless]\nssid=72;111;109;101;\n",
    `${gsm}apn=internet.example\npin=1234\n[ppp]\n[serial]\n`,
    "[connection]\nid=tunnel\ntype=wireguard\ninterface-name=wg0\n[wireguard-peer.abc=]\nendpoint=192.0.2.1:51820\n",
  ])("has nothing to be said about it: %j", (text) => {
    expect(findings(text)).toEqual([]);
  });
});

describe("a keyfile that NetworkManager refuses, or that can never connect", () => {
  it.each([
    ["[wifi-security]\npsk", "line 2: neither key=value"],
    ["[connection]\nid=x\n", "line 1: type is missing in [connection]"],
    ["[connection]\nid=x\ntype=wlan\n", "line 3: type is no kind of connection"],
    ["[connection]\nid=x\ntype=ethernet \n", "line 3: type has blanks or quotes around it"],
    ["[connection]\nid=\ntype=ethernet\n", "line 2: id is empty"],
    [`${ethernet}uuid=5\n`, "line 4: uuid is no UUID"],
    [`${ethernet}interface-name=enp0s31f6-wired0\n`, "line 4: interface-name is no name"],
    ["[connection]\nid=x\ntype=bridge\n", "interface-name is missing: a bridge has to be named"],
    ["[connection]\nid=x\ntype=wifi\n", "ssid is missing in [wifi]"],
    [wifi.replace("Home", "h".repeat(33)), "line 5: ssid has 33 bytes"],
    [wifi.replace("Home", "ä".repeat(17)), "line 5: ssid has 34 bytes"],
    [`${wifi}[wifi-security]\npsk=longenough\n`, "line 6: key-mgmt is missing in [wifi-security]"],
    [`${wifi}[wifi-security]\nkey-mgmt=wpa2\n`, "line 7: key-mgmt is not one of"],
    [wpa("psk=short"), "line 8: psk has 5 characters; WPA takes 8 to 63, or 64 hex digits"],
    [wpa("psk=back\\qlash"), "line 8: psk has an unknown escape"],
    [wpa(""), "line 6: psk is missing in [wifi-security]"],
    [`${wifi}[wifi-security]\nkey-mgmt=wpa-eap\n`, "wpa-eap needs a section [802-1x]"],
    [`${gsm}apn=my apn\n`, "line 5: apn has other characters"],
    [`${gsm}apn=a\npin=12\n`, "line 6: pin is not 4 to 8 digits"],
    [`${ethernet}[ipv4]\naddress1=192.0.2.5/24\n`, "line 4: method is missing in [ipv4]"],
    [`${ethernet}[ipv4]\nmethod=static\n`, "line 5: method is not one of auto"],
    [
      `${ethernet}[ipv4]\nmethod=manual\naddress1=192.0.2.500/24\n`,
      "line 5: method is manual, and no address is there",
    ],
    [`${ethernet}[ipv4]\nmethod=auto\ngateway=192.0.2.1\n`, "line 6: gateway stands there without an address"],
    [`${ethernet}[ipv4]\nmethod=disabled\naddress1=192.0.2.5/24\n`, "line 6: method disabled takes no addresses"],
  ])("is an error: %j", (text, reason) => {
    expect(findings(text).filter((line) => line.startsWith("error"))).toContainEqual(expect.stringContaining(reason));
    expect(isUsable(checkConnection(encode(text)))).toBe(false);
  });

  it.each([
    [Uint8Array.from([0xff, 0xfe, 0x5b, 0]), "saved as UTF-16"],
    [new Uint8Array(0), "empty"],
    [new Uint8Array(512), "empty"],
    [encode("[connection]\u0000"), "no text"],
    [Uint8Array.from([0x5b, 0xe9, 0x5d]), "not UTF-8"],
    [new Uint8Array(300_000).fill(35), "larger than 256 KiB"],
  ])("is an error when it is no text", (bytes, reason) => {
    expect(checkConnection(bytes).findings.map(describeFinding)).toEqual([expect.stringContaining(reason)]);
  });
});

describe("a keyfile with a slip that NetworkManager passes over in silence", () => {
  it.each([
    ["[connection]\ntype=ethernet\n", "id is missing"],
    [`${ethernet}autoconnect=maybe\n`, "line 4: autoconnect is neither true nor false"],
    [`${ethernet}permissions=user:me:;\n`, "line 4: permissions bind it to somebody"],
    [`${ethernet}[ip4]\nmethod=manual\n`, "line 4: no setting of NetworkManager has this name"],
    [`${ethernet}[ipv4]\nmethod=auto\ndns=192.0.2.1, 9.9.9.9\n`, "line 6: dns is no list of ipv4 addresses with ;"],
    [`${ethernet}[ipv4]\nmethod=manual\naddress1=192.0.2.5\n`, "line 6: address1 needs a prefix length from 0 to 32"],
    [wifi.replace("Home", '"Home"'), "line 5: ssid has quotes or blanks around it"],
    [wpa("psk=longenough "), "line 8: psk has quotes or blanks around it"],
    [`${wifi}psk=longenough\n`, "line 6: psk belongs into [wifi-security]"],
    [`${gsm}`, "line 4: apn is missing in [gsm]"],
  ])("is a warning: %j", (text, reason) => {
    expect(findings(text)).toContainEqual(expect.stringContaining(`warning: ${reason}`));
    expect(isUsable(checkConnection(encode(text)))).toBe(true);
  });
});

it("drops a byte order mark, which NetworkManager does not", () => {
  expect(checkConnection(encode(`\uFEFF${ethernet}`))).toMatchObject({ findings: [], text: ethernet });
});

it("never fails, and never tells a value", () => {
  const secret = "Tr0ub4dor&3";
  const part = fc.oneof(
    fc.constantFrom("[wifi-security]\n", "psk=", "key-mgmt=wpa-psk\n", "\\", "=", "[", "]", "\n", '"', "#", " "),
    fc.string({ maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), fc.array(part, { maxLength: 12 }), (before, after) => {
      const text = `${wpa(`psk=${secret}`)}${before.join("")}${secret}${after.join("")}`;
      for (const finding of checkConnection(encode(text)).findings)
        expect(describeFinding(finding)).not.toContain(secret.slice(0, 6));
    }),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void checkConnection(bytes)));
});
