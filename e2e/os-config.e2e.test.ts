import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answering, answering, FleetServer, servicesBody } from "./fleet/fleet-server.ts";
import { QuickJs, type Ran } from "./host/quickjs.ts";

// os-config with the device's QuickJS and the real curl, against servers of every kind.
const KEY = "0123456789abcdef0123456789abcdef";
const CONFIG = "client\nremote vpn.example 443\n";
const healthy = answering(
  () => KEY,
  () => servicesBody({ config: CONFIG, ca: authority }),
);
const schema = readFileSync(join(import.meta.dirname, "../os/layers/os-config/files/etc/os-config.json"), "utf8");
let js: QuickJs;
let certificates: string;
let authority: string;

beforeAll(async () => {
  js = await QuickJs.prepare();
  certificates = js.folder;
  const made = js.device(`
    cd ${certificates}
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -subj /CN=Own -days 3650
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout tls.key -out tls.csr -subj /CN=localhost
    printf 'subjectAltName=DNS:localhost\\n' >names
    openssl x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out tls.pem -days 3650 -extfile names`);
  expect([made.status, made.output]).toEqual([0, expect.any(String)]);
  authority = await readFile(join(certificates, "ca.pem"), "utf8");
});
afterAll(async () => {
  await js?.[Symbol.asyncDispose]();
});

/** Runs os-config once on a device that is managed by the address, with a tunnel from before; `more` comes after it. */
function update(apiEndpoint: string, more = ""): Promise<Ran> {
  const config = JSON.stringify({ uuid: KEY, deviceApiKey: KEY, apiEndpoint });
  return js.deviceMeanwhile(`
    mkdir /run/etc /run/bin && cp -a /etc/. /run/etc && mount --bind /run/etc /etc
    mkdir -p /etc/openvpn && echo former >/etc/openvpn/openvpn.conf
    cat >/etc/os-config.json <<'END'\n${schema}\nEND
    printf '%s' '${config}' >/mnt/boot/config.json
    printf '#!/bin/sh\\necho "called: systemctl $*"\\n' >/run/bin/systemctl
    printf '#!/bin/sh\\nexit 0\\n' >/run/bin/openvpn
    chmod +x /run/bin/* && PATH=/run/bin:$PATH
    ${more}
    status=0; host os-config update || status=$?
    echo "status $status"; echo "tunnel $(head -n 1 /etc/openvpn/openvpn.conf)"`);
}

async function updateFrom(answer: Answering): Promise<string> {
  await using server = await FleetServer.start(answer);
  return (await update(`http://localhost:${server.port}`)).output;
}

/** Every trouble: nothing changed, a reason, and a status with which the unit tries again. */
function expectNothingChanged(output: string, reason: RegExp): void {
  expect(output).toMatch(reason);
  expect(output).toContain("status 1\ntunnel former");
  expect(output).not.toContain("systemctl");
  expect(output).not.toContain(KEY);
}

describe("a server that answers as it should", () => {
  it("has its services' configuration written and its units restarted", async () => {
    const output = await updateFrom(healthy);
    expect(output).toContain("Service configuration retrieved");
    expect(output).toContain("status 0\ntunnel client");
    expect(output).not.toContain(KEY);
  });

  it("may have moved within itself, but its key is not sent anywhere else", async () => {
    await using other = await FleetServer.start((_, response) =>
      response.end(servicesBody({ config: CONFIG, ca: "" })),
    );
    const movedTo =
      (place: string): Answering =>
      (request, response) => {
        if (request.url !== "/os/v1/config") return healthy(Object.assign(request, { url: "/os/v1/config" }), response);
        response.writeHead(308, { location: place }).end();
      };
    expect(await updateFrom(movedTo("/new/place"))).toContain("status 0\ntunnel client");
    await updateFrom(movedTo(`http://127.0.0.1:${other.port}/os/v1/config`));
    expect(other.asked).toEqual([{ path: "/os/v1/config", authorization: undefined }]);
  });
});

describe("a server that does not", () => {
  it.each<[string, Answering, RegExp]>([
    [
      "does not know the key",
      (_, response) => response.writeHead(401).end("Unauthorized"),
      /status 401: the server does not know/,
    ],
    [
      "is broken",
      (_, response) => response.writeHead(500).end("<h1>Oops</h1>"),
      /status 500: the server is in trouble/,
    ],
    [
      "is a portal",
      (_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>Log in"),
      /not JSON/,
    ],
    ["says nothing", (_, response) => response.writeHead(200).end(), /not JSON/],
    ["says no content", (_, response) => response.writeHead(204).end(), /status 204/],
    ["hangs up", (request) => request.socket.destroy(), /no configuration from .*(Empty reply|reset)/],
    [
      "breaks off",
      (_, response) => {
        response.writeHead(200, { "content-length": 5000 }).write(servicesBody({ config: CONFIG, ca: "" }));
        setTimeout(() => response.destroy(), 100);
      },
      /no configuration from .*missing/,
    ],
    [
      "sends it round in circles",
      (_, response) => response.writeHead(302, { location: "/os/v1/config" }).end(),
      /redirects/,
    ],
    [
      "never stops talking",
      (_, response) => {
        response.writeHead(200);
        const talk = (): void => {
          if (!response.destroyed) response.write("x".repeat(65_536), () => setImmediate(talk));
        };
        talk();
      },
      /no configuration from .*(size|exceed)/i,
    ],
    [
      "lies about its length",
      (_, response) => response.writeHead(200, { "content-length": 1e12 }).write("{"),
      /size|exceed/i,
    ],
    ["nests without end", (_, response) => response.end("[".repeat(500_000)), /not JSON/],
    ["speaks in bytes", (_, response) => response.end(Buffer.from([0, 255, 254, 10, 13, 0, 34, 123])), /not JSON/],
  ])("%s: nothing changes, and it is tried again", async (_, answer, reason) => {
    expectNothingChanged(await updateFrom(answer), reason);
  });

  it("is not there: nothing changes, and it is tried again", async () => {
    expectNothingChanged((await update("http://no-such-host.invalid")).output, /Could not resolve host/);
    expectNothingChanged((await update("http://localhost:1")).output, /connect/);
  });

  it("takes its time: it is given a minute, and nobody sees the key meanwhile", async () => {
    let seen = "";
    await using server = await FleetServer.start((_, response) => {
      response.writeHead(200).write("{");
      seen = commandLines();
    });
    const before = performance.now();
    expectNothingChanged((await update(`http://localhost:${server.port}`)).output, /timed out/);
    expect(performance.now() - before).toBeGreaterThan(55_000);
    expect(seen).toContain("os-config.js");
    expect(seen).toContain("curl");
    expect(seen.split("\n").filter((line) => line.includes(KEY) && !line.includes("config.json"))).toEqual([]);
  });
});

describe("a server with a certificate of its own", () => {
  it("is refused, until its authority is among the device's", async () => {
    const [key, cert] = await Promise.all(
      ["tls.key", "tls.pem"].map((name) => readFile(join(certificates, name), "utf8")),
    );
    await using server = await FleetServer.start(healthy, { key: key ?? "", cert: cert ?? "" });
    const address = `https://localhost:${server.port}`;
    expectNothingChanged((await update(address)).output, /certificate/);
    expect(server.asked).toEqual([]);
    const trusting = await update(address, `cat ${certificates}/ca.pem >>/etc/ssl/certs/ca-certificates.crt`);
    expect(trusting.output).toContain("status 0\ntunnel client");
    // Its name has to be right, too.
    const other = await update(
      `https://127.0.0.1:${server.port}`,
      `cat ${certificates}/ca.pem >>/etc/ssl/certs/ca-certificates.crt`,
    );
    expectNothingChanged(other.output, /subject name|certificate/);
  });

  it("cannot send the device to a place where others listen", async () => {
    const [key, cert] = await Promise.all(
      ["tls.key", "tls.pem"].map((name) => readFile(join(certificates, name), "utf8")),
    );
    await using open = await FleetServer.start(healthy);
    const leading: Answering = (_, response) =>
      response.writeHead(302, { location: `http://localhost:${open.port}/os/v1/config` }).end();
    await using server = await FleetServer.start(leading, { key: key ?? "", cert: cert ?? "" });
    const trust = `cat ${certificates}/ca.pem >>/etc/ssl/certs/ca-certificates.crt`;
    expectNothingChanged((await update(`https://localhost:${server.port}`, trust)).output, /no configuration from/);
    expect(open.asked).toEqual([]);
  });
});

/** Of every process of this machine. */
function commandLines(): string {
  const read = (pid: string): string => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").replaceAll("\n", " ");
    } catch {
      return "";
    }
  };
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(read)
    .join("\n");
}
