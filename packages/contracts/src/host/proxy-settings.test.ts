import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeProxy } from "./proxy-settings.ts";
import { parseRedsocksFile } from "./redsocks-file.ts";

const conf = (more = "", dns = ""): string => `// the operator's
base { log_info = on; user = nobody; }
redsocks { type = socks5; ip = 198.51.100.7; port = 1080; ${more} local_ip = 127.0.0.1; local_port = 12345; }
${dns}`;
const judged = (text: string) => {
  const result = judgeProxy(text);
  if (!result.ok) throw new Error(result.reason);
  return result.settings;
};

describe("redsocks.conf", () => {
  it("listens on the contract's address and keeps the proxy's own settings", () => {
    const { config } = judged(conf('login = "me"; password = "a;b\\"c}";'));
    for (const line of [
      "ip = 198.51.100.7;",
      "local_ip = 10.114.103.1;",
      "local_port = 12345;",
      'password = "a;b\\"c}";',
    ])
      expect(config).toContain(`\t${line}\n`);
    expect(config).not.toContain("127.0.0.1");
    expect(config).not.toContain("nobody");
  });

  it("has name queries over TCP where dnsu2t stands", () => {
    const settings = judged(
      conf("", "dnsu2t { remote_ip = 8.8.8.8; remote_port = 53; local_ip = 127.0.0.1; local_port = 53; }"),
    );
    expect(settings.dns).toEqual({ ip: "8.8.8.8", port: 53 });
    expect(settings.config).toContain("local_port = 5313;");
  });

  it.each([
    ["", "there is no section redsocks"],
    ["redsocks { type = socks5", "line 1: type does not end in ;"],
    ["redsocks {\ntype socks5; }", "line 2: type has no ="],
    [
      "redsocks { type = ftp; ip = a; port = 1; }",
      "redsocks: type is none of socks4, socks5, http-connect, http-relay",
    ],
    ["redsocks { type = socks5; ip = 1.2.3.4; port = 70000; }", "redsocks: port is no port"],
    ['redsocks { type = socks5; password = "secret', "line 1: a quote that does not end"],
    ["dnsu2t { remote_ip = 8.8.8.8; remote_port = 53; }", "there is no section redsocks"],
  ])("is refused with the reason: %s", (text, reason) => {
    expect(judgeProxy(text)).toEqual({ ok: false, reason });
  });

  it("never throws, and what it makes is read as the same again", () => {
    fc.assert(fc.property(fc.string(), (text) => typeof parseRedsocksFile(text).ok === "boolean"));
    fc.assert(
      fc.property(
        fc.string().filter((text) => !/\p{Cc}/u.test(text)),
        (password) => {
          const escaped = password.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
          const once = judged(conf(`password = "${escaped}";`)).config;
          expect(judged(once).config).toBe(once);
          const file = parseRedsocksFile(once);
          expect(file.ok && file.sections[1]?.settings.get("password")).toBe(password);
        },
      ),
    );
  });
});
