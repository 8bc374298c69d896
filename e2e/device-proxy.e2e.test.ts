import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import { untilSays } from "./device/config-editor.ts";
import type { Device } from "./device/device.ts";
import { Neighbour } from "./neighbour/neighbour.ts";

const FOLDER = "/mnt/boot/system-proxy";
/** Public, so that the device sends it through the proxy; only the proxy's host has it. */
const SITE = "203.0.113.80";
const BYPASSED = "203.0.113.81";
const PROXY = "192.0.2.2";
let device: Device;
let proxy: Neighbour;

beforeAll(async () => {
  device = await bootedDevice("e2e-proxy");
  proxy = await Neighbour.join(device, { name: "proxy", address: `${PROXY}/24`, deviceAddress: "192.0.2.1/24" });
  await device.shell(`ip -n proxy addr add ${SITE}/32 dev lo && ip -n proxy addr add ${BYPASSED}/32 dev lo`);
  await proxy.start("socks", ["microsocks", "-i", PROXY, "-p", "1080", "-u", "device", "-P", 'se"cret;}']);
  await proxy.start("http", ["tinyproxy", "-d", "-c", "/etc/tinyproxy-test.conf"], {
    files: {
      "/etc/tinyproxy-test.conf": `Port 8888\nListen ${PROXY}\nTimeout 60\nBasicAuth device secret\nLogLevel Connect\n`,
    },
  });
  await proxy.start("web", ["socat", "TCP-LISTEN:80,fork,reuseaddr", "EXEC:sh /web.sh"], {
    files: { "/web.sh": "read line\nprintf 'HTTP/1.0 200 OK\\r\\n\\r\\nsite'\nsleep 0.2\n" },
  });
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

const fetched = async (address: string, prefix = ""): Promise<string> =>
  (await device.attempt(`${prefix} curl --silent --max-time 10 http://${address}/`)).stdout.trim();
/** As tools do it: copied from another filesystem, then renamed by nobody. */
const write = async (name: string, content: string): Promise<void> => {
  const encoded = Buffer.from(content).toString("base64");
  await device.shell(`mkdir -p ${FOLDER} && echo ${encoded} | base64 --decode >${FOLDER}/${name}`);
};
const conf = (type: string, port: number, more: string): string =>
  `base { log_info = on; }\nredsocks { type = ${type}; ip = ${PROXY}; port = ${port}; ${more} local_ip = 127.0.0.1; local_port = 12345; }\n`;
const socks = conf("socks5", 1080, 'login = "device"; password = "se\\"cret;}";');
const patiently = { timeout: 60_000, interval: 1000 };

describe("a device behind a proxy", () => {
  it("has a sample of the proxy's file, and does without a proxy", async () => {
    expect(await device.shell(`cat ${FOLDER}/redsocks.conf.ignore`)).toContain("socks5");
    expect(await fetched(SITE)).toBe("");
    expect((await device.attempt("iptables -t nat -L REDSOCKS -n")).status).not.toBe(0);
  });

  it("reaches a site through SOCKS5 with a login, without a restart: host, containers and engine", async () => {
    await write("redsocks.conf", socks);
    await expect.poll(() => fetched(SITE), patiently).toBe("site");
    const image = await device.shell("docker inspect --format '{{.Image}}' balena_supervisor");
    const script = `fetch("http://${SITE}/").then((r) => r.text()).then(console.log, (e) => console.log(String(e.cause)))`;
    for (const network of ["bridge", "host"])
      expect(await device.shell(`docker run --rm --network ${network} --entrypoint node ${image} -e '${script}'`)).toBe(
        "site",
      );
    // The engine has got through to a server that is no registry.
    const pull = await device.attempt(`docker pull ${SITE}:80/some/image`);
    expect(pull.stderr + pull.stdout).not.toMatch(/timeout|refused|unreachable/i);
    expect(await proxy.log("socks")).toContain(SITE);
  });

  it("keeps the proxy when its file is broken, and says where without the password", async () => {
    await write("redsocks.conf", 'redsocks {\n type = socks5;\n password = "hunter2;\n}\n');
    await untilSays(device, "journalctl -o cat -u holdfast-proxy | tail -n 1", /line 3: .*the former proxy stays/);
    expect(await fetched(SITE)).toBe("site");
    expect((await device.attempt("journalctl -o cat | grep hunter2")).stdout).toBe("");
  });

  it("follows the file to an HTTP proxy", async () => {
    await write("redsocks.conf", conf("http-connect", 8888, "login = device; password = secret;"));
    await untilSays(device, "cat /run/holdfast/redsocks.conf", /http-connect/);
    await expect.poll(() => fetched(SITE), patiently).toBe("site");
    await expect.poll(() => proxy.log("http"), patiently).toContain(SITE);
  });

  it("passes by the proxy for what no_proxy lists", async () => {
    expect(await fetched(BYPASSED)).toBe("site");
    await write("no_proxy", `${BYPASSED}\n`);
    // Nobody routes it: without the proxy, it is out of reach.
    await expect.poll(() => fetched(BYPASSED), patiently).toBe("");
    expect(await fetched(SITE)).toBe("site");
    expect(await fetched(`${PROXY}:8888`)).toContain("tinyproxy");
  });

  it("serves nobody but itself and its containers", async () => {
    await device.shell("ip netns exec proxy ip route add 10.114.103.0/24 via 192.0.2.1");
    const stranger = await proxy.attempt(["nc.openbsd", "-nvz", "-w", "3", "10.114.103.1", "12345"]);
    expect(stranger.status).not.toBe(0);
  });

  it("is without a proxy once the file is gone", async () => {
    await device.shell(`rm ${FOLDER}/redsocks.conf`);
    await expect.poll(() => fetched(SITE), patiently).toBe("");
    expect(await device.shell("systemctl is-active redsocks.service || true")).toBe("inactive");
    expect((await device.attempt("iptables -t nat -S OUTPUT | grep REDSOCKS")).stdout).toBe("");
    expect(await device.shell("systemctl --failed --no-legend")).toBe("");
  });
});
