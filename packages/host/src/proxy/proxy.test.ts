import { judgeProxy } from "@holdfast/contracts/host";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { applyProxy, NO_PROXY, REDSOCKS_CONF, RUNNING_CONF } from "./apply-proxy.ts";
import { parseNoProxy, proxyRules } from "./proxy-rules.ts";

const conf = (more = "", dns = ""): string => `// the operator's
base { log_info = on; user = nobody; }
redsocks { type = socks5; ip = 198.51.100.7; port = 1080; ${more} local_ip = 127.0.0.1; local_port = 12345; }
${dns}`;
const judged = (text: string) => {
  const result = judgeProxy(text);
  if (!result.ok) throw new Error(result.reason);
  return result.settings;
};

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

  it("starts no program on a device that never had the file, and ends what a failed start left", () => {
    const machine = device();
    expect(applyProxy(machine, "change")).toBe(0);
    expect(machine.commands).toEqual([]);
    const failed = simulateMachine((argv) => ({ status: argv[0] === "iptables-restore" ? 2 : 0 }));
    failed.put(REDSOCKS_CONF, conf());
    expect(applyProxy(failed, "boot")).toBe(1);
    failed.remove(REDSOCKS_CONF);
    failed.commands.length = 0;
    applyProxy(failed, "change");
    expect(failed.commands.some((line) => line.startsWith("iptables-restore"))).toBe(true);
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
