import { expect, it } from "vitest";
import { mirrorFromSetting, mirrorFromSources, proxiesFromAptConfig } from "./mirror.ts";

const deb822 = `# a comment
Types: deb deb-src
# http://snapshot.example/archive/debian/2025/debian
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates

Types: deb
URIs:
 https://mirror.example/debian-security
Suites: bookworm-security
`;

it("reads deb822 sources", () => {
  expect(mirrorFromSources(["", deb822])).toMatchObject({
    debian: "http://mirror.example/debian",
    security: "https://mirror.example/debian-security",
    trusted: false,
  });
});

it("reads one-line sources with options and skips others' archives", () => {
  const text = `# deb http://no.example/debian x main
deb https://vendor.example/apt stable main
deb-src http://no.example/debian trixie main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian trixie main
deb http://mirror.example/debian-security trixie-security main`;
  expect(mirrorFromSources([text])).toMatchObject({
    debian: "http://mirror.example/debian",
    security: "http://mirror.example/debian-security",
  });
});

it("skips disabled stanzas, source-only ones and transports it cannot read", () => {
  const text = `Types: deb
Enabled: no
URIs: http://no.example/debian

Types: deb-src
URIs: http://no2.example/debian

Types: deb
URIs: mirror+file:/etc/apt/mirrors/debian tor+http://x.example/debian cdrom:/debian`;
  expect(mirrorFromSources([text]).debian).toBe("http://deb.debian.org/debian");
});

it("reads the setting with and without a security archive and trust", () => {
  expect(mirrorFromSetting("http://m.example/debian/")).toMatchObject({
    debian: "http://m.example/debian",
    security: "http://m.example/debian-security",
    trusted: false,
  });
  expect(mirrorFromSetting("[trusted=yes] file:/m/debian file:/s")).toMatchObject({
    debian: "file:/m/debian",
    security: "file:/s",
    trusted: true,
  });
});

it.each(["mirror.example", "[trusted=yes]", "http://a http://b http://c"])("refuses the setting %s", (setting) => {
  expect(() => mirrorFromSetting(setting)).toThrow(expect.objectContaining({ code: "image.invalid-mirror" }));
});

it("reads proxies from apt's configuration", () => {
  const dump = `Acquire "";
Acquire::http::Proxy "http://proxy.example:3142";
Acquire::https::Proxy "DIRECT";
Acquire::http::Proxy::deb.example "http://other.example";`;
  expect(proxiesFromAptConfig(dump)).toEqual({ http: "http://proxy.example:3142" });
});
