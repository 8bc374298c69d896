import { createServer } from "node:https";
import { minutes } from "@holdfast/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import {
  editConfig,
  journalEnd,
  journalSince,
  restartsOnly,
  soon,
  untilFollowed,
  untilSays,
} from "./device/config-editor.ts";
import { appContainers } from "./device/containers.ts";
import type { Device } from "./device/device.ts";
import { listenOnLoopback } from "./machine/listen-on-loopback.ts";
import { TEST_MACHINE } from "./neighbour/tree-server.ts";

const PATIENCE = minutes(5);
/** Engine and supervisor start anew. */
const patiently = { timeout: PATIENCE, interval: 2000 };
let device: Device;

beforeAll(async () => {
  device = await bootedDevice("e2e-config-network");
  // Without any time server it restarts chronyd now and then, which no edit does.
  await device.shell("systemctl stop chrony-watch.timer chrony-watch.service");
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

const edit = (filter: string) => async (): Promise<void> => await editConfig(device, filter);

describe("dnsServers", () => {
  /** What dnsmasq says that it uses, after it read its servers again. */
  const usedAfter = (cursor: string) => async (): Promise<string[]> =>
    (await journalSince(device, cursor, "dnsmasq"))
      .split("\n")
      .flatMap((line) => /using nameserver ([^ ]*)/.exec(line)?.[1] ?? []);
  const reread = async (filter: string): Promise<() => Promise<string[]>> => {
    const cursor = await journalEnd(device);
    await restartsOnly(device, [], edit(filter));
    return usedAfter(cursor);
  };

  it('are asked by dnsmasq without a restart; none with "null", the default without the key', async () => {
    const given = await reread('.dnsServers = "192.0.2.53 192.0.2.54#5353"');
    await expect.poll(given, soon).toEqual(expect.arrayContaining(["192.0.2.53#53", "192.0.2.54#5353"]));
    const none = await reread('.dnsServers = "null"');
    await untilSays(device, "wc -c </run/dnsmasq.servers", "0");
    expect(await none()).not.toContain("192.0.2.53#53");
    const standard = await reread("del(.dnsServers)");
    await expect.poll(standard, soon).toContain("8.8.8.8#53");
  });
});

describe("ntpServers", () => {
  it("are sources of chronyd beside its pools, without a restart", async () => {
    const sources = "chronyc -n sources | grep -c '192.0.2.123' || true";
    await restartsOnly(device, [], edit('.ntpServers = "192.0.2.123"'));
    await untilSays(device, sources, "1");
    await editConfig(device, "del(.ntpServers)");
    await untilSays(device, sources, "0");
  });
});

describe("os.network", () => {
  const manager = "org.freedesktop.NetworkManager /org/freedesktop/NetworkManager org.freedesktop.NetworkManager";
  const uri = `busctl get-property ${manager} ConnectivityCheckUri`;

  it("sets NetworkManager's check and its scans, without a restart", async () => {
    await untilSays(device, uri, 's ""');
    await restartsOnly(
      device,
      [],
      edit(
        '.os.network = { connectivity: { uri: "http://10.0.2.2:9/up", interval: "900", response: "yes" }, wifi: { randomMacAddressScan: true } }',
      ),
    );
    await untilSays(device, uri, 's "http://10.0.2.2:9/up"');
    const printed = await device.shell("NetworkManager --print-config");
    for (const line of ["uri=http://10.0.2.2:9/up", "interval=900", "response=yes", "wifi.scan-rand-mac-address=yes"])
      expect(printed).toContain(line);
    await editConfig(
      device,
      '.os.network.wifi.randomMacAddressScan = false | .apiEndpoint = "http://10.0.2.2:9" | del(.os.network.connectivity)',
    );
    await untilSays(device, uri, 's "http://10.0.2.2:9/connectivity-check"');
    expect(await device.shell("NetworkManager --print-config")).toContain("wifi.scan-rand-mac-address=no");
    await editConfig(device, "del(.os.network, .apiEndpoint)");
    await untilSays(device, uri, 's ""');
  });
});

describe("country", () => {
  it("holds for a wireless core that is loaded later, and changes live", async () => {
    expect(await device.shell("ls /sys/module | grep -c '^cfg80211$' || true")).toBe("0");
    await restartsOnly(device, [], edit('.country = "de"'));
    await device.shell("modprobe cfg80211");
    await untilSays(device, "iw reg get", /^country DE:/m);
    await restartsOnly(device, [], edit('.country = "JP"'));
    await untilSays(device, "iw reg get", /^country JP:/m);
    await editConfig(device, "del(.country)");
    await untilFollowed(device);
  });
});

describe("balenaRootCA", () => {
  const server = createServer();
  let at = "";
  const fetched = (): string =>
    `curl --silent --output /dev/null --write-out '%{http_code} %{ssl_verify_result}' https://${at}/ || true`;
  const bySupervisor = async (): Promise<string> => {
    const script = `fetch("https://${at}/").then(({ status }) => console.log(status), ({ cause }) => console.log(cause.code))`;
    return (await device.attempt(`docker exec balena_supervisor node -e '${script}'`)).stdout.trim();
  };
  // The engine itself asks the registry.
  const byEngine = async (): Promise<string> =>
    await device.shell(`docker login --username test --password test ${at} 2>&1 || true`);

  beforeAll(async () => {
    await device.shell(`mkdir /run/ca && cd /run/ca
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=private -keyout ca.key -out ca.pem -days 2
      openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server -addext subjectAltName=IP:10.0.2.2 -keyout key -out csr
      openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -copy_extensions copy -out cert -days 2`);
    server.setSecureContext({
      key: await device.shell("cat /run/ca/key"),
      cert: await device.shell("cat /run/ca/cert"),
    });
    server.on("request", (_, response) => response.end("{}"));
    // QEMU's network leads there.
    at = `${TEST_MACHINE}:${await listenOnLoopback(server)}`;
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  it("is trusted by host, engine and supervisor, live, and containers run on", async () => {
    await untilSays(device, fetched(), "000 20");
    expect(await byEngine()).toContain("certificate signed by unknown authority");
    const pids = async (): Promise<unknown> =>
      [...(await appContainers(device)).values()].map(({ service, pid }) => [service, pid]);
    const before = await pids();

    await restartsOnly(device, ["balena", "balena-supervisor"], async () => {
      await editConfig(device, `.balenaRootCA = "${await device.shell("base64 -w0 /run/ca/ca.pem")}"`);
      await untilSays(device, fetched(), "200 0");
      await expect.poll(byEngine, patiently).toContain("Login Succeeded");
      await expect.poll(bySupervisor, patiently).toBe("200");
    });
    expect(await pids()).toEqual(before);
    expect(await device.shell("openssl verify -CApath /etc/ssl/certs /run/ca/cert")).toContain("OK");
    expect(await device.shell("cat /usr/share/ca-certificates/balena/balenaRootCA.crt")).toBe(
      await device.shell("cat /run/ca/ca.pem"),
    );
  });

  it("is kept when its value is bad, whatever is wrong with it", async () => {
    for (const bad of ["%%%", "aGVsbG8=", 5]) {
      await restartsOnly(device, [], edit(`.balenaRootCA = ${JSON.stringify(bad)}`));
      await untilSays(
        device,
        "journalctl -o cat -u config-json | tail -n 1",
        /^config\.json: balenaRootCA is ignored: not/,
      );
    }
    expect(await device.shell(fetched())).toBe("200 0");
  });

  it("is not trusted any more once it is gone", async () => {
    await editConfig(device, "del(.balenaRootCA)");
    await untilSays(device, fetched(), "000 20");
    expect(await device.shell("ls /usr/share/ca-certificates/balena; findmnt /etc/ssl/certs || true")).toBe("");
    await expect.poll(bySupervisor, patiently).toMatch(/^[A-Z_]*(LEAF|SIGNATURE|ISSUER|CERT)[A-Z_]*$/);
  });
});

describe("keys for the supervisor", () => {
  it("make its container anew with them", async () => {
    await restartsOnly(device, ["balena-supervisor"], async () => {
      await editConfig(
        device,
        '.listenPort = "48485" | .mixpanelToken = "token" | .deltaEndpoint = "https://delta.example.com"',
      );
      await expect
        .poll(async () => (await device.attempt("curl --silent http://127.0.0.1:48485/ping")).stdout, {
          timeout: PATIENCE,
          interval: 2000,
        })
        .toBe("OK");
    });
    expect(await device.shell("iptables -S BALENA-FIREWALL")).toContain("-p tcp -m tcp --dport 48485 -j ACCEPT");
    const env = await device.shell("docker inspect --format '{{json .Config.Env}}' balena_supervisor");
    expect(JSON.parse(env)).toEqual(
      expect.arrayContaining(["LISTEN_PORT=48485", "MIXPANEL_TOKEN=token", "DELTA_ENDPOINT=https://delta.example.com"]),
    );
  });
});
