import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDiscoverability, parseDiscoverability } from "./discoverability.ts";
import { DEFAULT_FIREWALL_WISH, parseFirewallWish } from "./firewall-wish.ts";

describe("parseFirewallWish", () => {
  it("takes any text, and what it cannot use keeps its default", () => {
    const anyText = fc.oneof(fc.string(), fc.json());
    fc.assert(fc.property(anyText, (text) => typeof parseFirewallWish(text).apiPort === "number"));
    expect(parseFirewallWish(undefined)).toEqual(DEFAULT_FIREWALL_WISH);
    expect(parseFirewallWish('{"mode":"none","apiPort":"x","isApiOpen":"true"}')).toEqual(DEFAULT_FIREWALL_WISH);
    expect(parseFirewallWish('{"mode":"auto","hasHostServices":true,"isApiOpen":true,"apiPort":80}')).toEqual({
      mode: "auto",
      hasHostServices: true,
      isApiOpen: true,
      apiPort: 80,
    });
  });
});

describe("parseDiscoverability", () => {
  it("reads what was written, and nothing else", () => {
    for (const wish of [true, false]) expect(parseDiscoverability(formatDiscoverability(wish))).toBe(wish);
    for (const text of [undefined, "", "true", "[true]", '{"discoverable":"false"}'])
      expect(parseDiscoverability(text)).toBeUndefined();
  });
});
