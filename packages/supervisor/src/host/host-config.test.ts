import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError } from "@holdfast/contracts";
import { judgeProxy, PROXY_TYPES } from "@holdfast/contracts/host";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigJsonFile } from "../device/config-json-file.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { parseHostConfigPatch } from "./host-config-change.ts";
import { HostConfigFiles } from "./host-config-files.ts";
import { formatProxy, parseProxy } from "./proxy-file.ts";

const UUID = "0123456789abcdef0123456789abcdef";
const proxy = { type: "socks5", ip: "198.51.100.7", port: 1080 };

async function bootPartition(configJson: string = JSON.stringify({ uuid: UUID, apiKey: "kept" })) {
  const scratch = await scratchDirectory();
  const at = (name: string) => join(scratch.path, name);
  await writeFile(at("config.json"), configJson);
  await mkdir(at("system-proxy"));
  const files = new HostConfigFiles(new ConfigJsonFile(at("config.json")), scratch.path);
  return {
    files,
    at,
    patch: (network: unknown) => files.write(parseHostConfigPatch({ network }).change),
    text: (name: string) => readFile(at(name), "utf8").catch(() => undefined),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

const reasonOf = (body: unknown): string => {
  try {
    parseHostConfigPatch(body);
  } catch (error) {
    if (error instanceof HoldfastError) return `${error.code} ${error.message}`;
    throw error;
  }
  return "taken";
};

describe("the host's configuration", () => {
  it("has the uuid's first characters as a name and no proxy, unless something else was set", async () => {
    await using boot = await bootPartition();
    expect(await boot.files.read()).toEqual({ network: { hostname: "0123456" } });
    await boot.patch({ hostname: "lamp", proxy: { ...proxy, dns: true, noProxy: ["203.0.113.0/24", "host.example"] } });
    const { network } = await boot.files.read();
    expect(network).toEqual({
      hostname: "lamp",
      proxy: { ...proxy, dns: "8.8.8.8:53", noProxy: ["203.0.113.0/24", "host.example"] },
    });
    expect(await boot.text("system-proxy/redsocks.conf")).toContain("\tlocal_ip = 127.0.0.1;\n\tlocal_port = 12345;\n");
    expect(await boot.text("system-proxy/redsocks.conf")).toContain("\tlocal_ip = 127.0.0.1;\n\tlocal_port = 53;\n");
  });

  it("keeps others' keys of config.json, also those written since it was read", async () => {
    await using boot = await bootPartition();
    await boot.files.read();
    await writeFile(boot.at("config.json"), JSON.stringify({ uuid: UUID, deviceApiKey: "of the host" }));
    await boot.patch({ hostname: "lamp" });
    expect(JSON.parse((await boot.text("config.json")) ?? "")).toEqual({
      uuid: UUID,
      deviceApiKey: "of the host",
      hostname: "lamp",
    });
    await boot.patch({ hostname: "" });
    expect(JSON.parse((await boot.text("config.json")) ?? "")).toHaveProperty("hostname", "0123456");
  });

  it.each(["", "{", "[]", "\0\0\0"])("leaves a config.json alone that is none: %j", async (content) => {
    await using boot = await bootPartition(content);
    await expect(boot.patch({ hostname: "lamp" })).rejects.toMatchObject({ code: "supervisor.config-json-unusable" });
    expect(await boot.text("config.json")).toBe(content);
  });

  it("removes the proxy for `{}`, and changes only the exceptions when nothing else is given", async () => {
    await using boot = await bootPartition();
    await boot.patch({ proxy: { ...proxy, noProxy: ["203.0.113.1"] } });
    const written = await boot.text("system-proxy/redsocks.conf");
    await boot.patch({ proxy: { noProxy: ["203.0.113.2"] } });
    await boot.patch({ proxy: { noProxy: ["203.0.113.2"] } });
    expect(await boot.text("system-proxy/redsocks.conf")).toBe(written);
    expect(await boot.text("system-proxy/no_proxy")).toBe("203.0.113.2\n");
    await boot.patch({ proxy: { ...proxy, port: "8080" } });
    expect((await boot.files.read()).network.proxy).toEqual({ ...proxy, port: 8080, noProxy: ["203.0.113.2"] });
    await boot.patch({ proxy: { noProxy: [] } });
    expect(await boot.text("system-proxy/no_proxy")).toBeUndefined();
    await boot.patch({ proxy: {} });
    await boot.patch({ proxy: {} });
    expect(await boot.text("system-proxy/redsocks.conf")).toBeUndefined();
    await boot.patch({ proxy });
    await boot.patch({ proxy: { dns: true } });
    expect(await boot.text("system-proxy/redsocks.conf")).toBeUndefined();
  });

  it("keeps the former file when the new one cannot be written", async () => {
    await using boot = await bootPartition();
    await boot.patch({ proxy });
    const written = await boot.text("system-proxy/redsocks.conf");
    await mkdir(boot.at("system-proxy/redsocks.conf.new"));
    await expect(boot.patch({ proxy: { ...proxy, port: 3128 } })).rejects.toThrow();
    expect(await boot.text("system-proxy/redsocks.conf")).toBe(written);
  });

  it("shows what an operator wrote by hand, as far as it can be read", async () => {
    await using boot = await bootPartition();
    await writeFile(boot.at("system-proxy/redsocks.conf"), "redsocks { type = ftp; port = 1; local_ip = 1.1.1.1; }");
    expect((await boot.files.read()).network.proxy).toEqual({ type: "ftp", port: 1 });
    await writeFile(boot.at("system-proxy/redsocks.conf"), "redsocks { type = socks5; port = many; }");
    expect((await boot.files.read()).network.proxy).toEqual({ type: "socks5" });
    await writeFile(boot.at("system-proxy/redsocks.conf"), "redsocks {");
    expect((await boot.files.read()).network.proxy).toEqual({});
  });

  it("gives back what was set, in a file that the host takes", () => {
    const word = fc.string().filter((text) => text !== "" && !/\p{Cc}/u.test(text) && !/^".*"$/s.test(text));
    const someProxy = fc.record(
      {
        type: fc.constantFrom(...PROXY_TYPES),
        ip: fc.oneof(
          fc.ipV4(),
          fc.domain().filter((name) => name.length <= 253),
        ),
        port: fc.integer({ min: 1, max: 65_535 }),
        login: word,
        password: word,
        dns: fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65_535 })).map(([ip, port]) => `${ip}:${port}`),
      },
      { requiredKeys: ["type", "ip", "port"] },
    );
    fc.assert(
      fc.property(someProxy, (wanted) => {
        const { redsocks } = parseHostConfigPatch({ network: { proxy: wanted } }).change;
        expect(parseProxy(redsocks ?? "")).toEqual(wanted);
        expect(judgeProxy(redsocks ?? "").ok).toBe(true);
      }),
    );
  });

  it("takes the quotes away that clients put around a login for the file's sake", () => {
    const { redsocks } = parseHostConfigPatch({ network: { proxy: { ...proxy, login: '"me"', password: "" } } }).change;
    expect(parseProxy(redsocks ?? "")).toEqual({ ...proxy, login: "me" });
    expect(redsocks).toBe(formatProxy({ type: "socks5", ip: proxy.ip, port: proxy.port, login: "me" }));
  });

  it.each([
    [{}, "network"],
    [[], "The body"],
    [{ network: "x" }, "network"],
    [{ network: { hostname: "no name" } }, "network.hostname"],
    [{ network: { hostname: 5 } }, "network.hostname"],
    [{ network: { proxy: "x" } }, "network.proxy"],
    [{ network: { proxy: { type: "ftp", ip: "a", port: 1 } } }, "network.proxy.type"],
    [{ network: { proxy: { type: "socks5", ip: "a" } } }, "network.proxy.port"],
    [{ network: { proxy: { ...proxy, port: 70_000 } } }, "network.proxy.port"],
    [{ network: { proxy: { ...proxy, ip: "a b" } } }, "network.proxy.ip"],
    [{ network: { proxy: { ...proxy, password: "secret\n}" } } }, "network.proxy.password"],
    [{ network: { proxy: { ...proxy, dns: "name:53" } } }, "network.proxy.dns"],
    [{ network: { proxy: { ...proxy, dns: "8.8.8.8:70000" } } }, "network.proxy: dnsu2t: remote_port"],
    [{ network: { proxy: { noProxy: "203.0.113.1" } } }, "network.proxy.noProxy"],
    [{ network: { proxy: { noProxy: ["a\nb"] } } }, "network.proxy.noProxy.0"],
  ])("refuses %j with the field and no value", (body, field) => {
    const reason = reasonOf(body);
    expect(reason).toContain(`supervisor.invalid-host-config ${field}`);
    expect(reason).not.toContain("secret");
  });
});
