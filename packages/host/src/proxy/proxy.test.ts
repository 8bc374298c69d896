import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { applyProxy, NO_PROXY, REDSOCKS_CONF, RUNNING_CONF } from "./apply-proxy.ts";
import { parseNoProxy, proxyRules } from "./proxy-rules.ts";
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

describe("the proxy's rules", () => {
  it("leave local networks and no_proxy alone, and send the rest to redsocks", () => {
    const lines = proxyRules(judged(conf()), ["203.0.113.0/24"]).split("\n");
    const last = lines.indexOf("-A REDSOCKS -p tcp -j DNAT --to-destination 10.114.103.1:12345");
    expect(lines.indexOf("-A REDSOCKS -d 203.0.113.0/24 -j RETURN")).toBeLessThan(last);
    expect(lines.indexOf("-A REDSOCKS -d 192.168.0.0/16 -j RETURN")).toBeGreaterThan(0);
    expect(lines.join("\n")).not.toContain("udp");
  });

  it("are empty without a proxy", () => {
    expect(proxyRules(undefined, [])).toBe("*nat\n:REDSOCKS - [0:0]\n:REDSOCKS-DNS - [0:0]\nCOMMIT\n");
  });

  it("take no_proxy line by line", () => {
    expect(
      parseNoProxy("203.0.113.1\r\n198.51.100.0/24\nhost.example # ours\n\n-j ACCEPT\n1.2.3\n300.1.1.1\n"),
    ).toEqual({
      networks: ["203.0.113.1", "198.51.100.0/24"],
      names: ["host.example"],
      refused: [5, 6, 7],
    });
    fc.assert(fc.property(fc.string(), (text) => parseNoProxy(text).networks.every((line) => /^[\d./]+$/.test(line))));
  });
});

describe("applyProxy", () => {
  const device = () => {
    const jumps = new Set<string>();
    return simulateMachine((argv) => {
      const rule = argv
        .slice(argv.indexOf("nat") + 2)
        .filter((word) => word !== "1")
        .join(" ");
      if (argv.includes("-C")) return { status: jumps.has(rule) ? 0 : 1 };
      if (argv.includes("-I")) jumps.add(rule);
      if (argv.includes("-D")) jumps.delete(rule);
      if (argv[0] === "getent" || argv.includes("getent")) return { output: "203.0.113.9 STREAM x\n" };
      return argv.includes("badtype") ? { status: 1 } : undefined;
    });
  };
  const writes = (lines: readonly string[]) => lines.filter((line) => / -[ID] |restore|redsocks\.service/.test(line));

  it("comes with the file, follows it, and goes with it", () => {
    const machine = device();
    machine.put(REDSOCKS_CONF, conf());
    machine.put(NO_PROXY, "host.example\n");
    expect(applyProxy(machine, "boot")).toBe(0);
    expect(machine.readText(RUNNING_CONF)).toContain("198.51.100.7");
    expect(machine.commands).toContain("systemctl restart redsocks.service");
    expect(machine.commands.filter((line) => line.includes("-I OUTPUT 1"))).toHaveLength(2);
    machine.commands.length = 0;
    applyProxy(machine, "change");
    expect(machine.commands).toContain("systemctl start redsocks.service");
    machine.commands.length = 0;
    applyProxy(machine, "change");
    expect(writes(machine.commands)).toEqual([]);
    machine.remove(REDSOCKS_CONF);
    expect(applyProxy(machine, "change")).toBe(0);
    expect(machine.commands.filter((line) => line.includes(" -D "))).toHaveLength(5);
    expect(machine.kindOf(RUNNING_CONF)).toBeUndefined();
  });

  it("keeps the former proxy when the file cannot work, and names no password", () => {
    const machine = device();
    machine.put(REDSOCKS_CONF, conf());
    applyProxy(machine, "boot");
    machine.commands.length = 0;
    machine.put(REDSOCKS_CONF, 'redsocks { type = socks5; password = "secret');
    expect(applyProxy(machine, "change")).toBe(0);
    expect(writes(machine.commands)).toEqual([]);
    expect(machine.lines.at(-1)).toBe("redsocks.conf: line 1: a quote that does not end: the former proxy stays");
    expect(machine.readText(RUNNING_CONF)).toContain("198.51.100.7");
  });

  it("tries again when the kernel refuses", () => {
    const machine = simulateMachine((argv) => ({ status: argv[0] === "iptables-restore" ? 2 : 0 }));
    machine.put(REDSOCKS_CONF, conf());
    expect(applyProxy(machine, "boot")).toBe(1);
    expect(applyProxy(machine, "change")).toBe(1);
  });
});
