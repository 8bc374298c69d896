import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheRoot, findMirror, runTool, toolsTree } from "@holdfast/image";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PrivateEngine } from "./engine/private-engine.ts";
import { SupervisorProcess } from "./engine/supervisor-process.ts";
import { FakeFleet, type Fault } from "./fleet/fake-fleet.ts";

const UUID = "0123456789abcdef0123456789abcdef";
const APP = "a".repeat(32);
const FOREVER = ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done"];
/** A report comes ten seconds after the former one at the earliest. */
const REPORT_MS = 40_000;

/** The target of a release with one service for each name. */
function target(commit: string, names: readonly string[], config: Record<string, string> = {}): object {
  const services = Object.fromEntries(
    names.map((name, at) => [
      name,
      { id: 100 + at, image_id: 200 + at, image: "test/app:1", composition: { command: FOREVER } },
    ]),
  );
  const app = { id: 5, name: "shop", class: "fleet", is_host: false, releases: { [commit]: { id: 3, services } } };
  return {
    name: "brave-lamp",
    config: { RESIN_SUPERVISOR_API_REQUEST_TIMEOUT: "1000", ...config },
    apps: { [APP]: app },
  };
}
const commit = (digit: string) => digit.repeat(32);

const scratch = mkdtempSync(join(tmpdir(), "holdfast-cloud-"));
let engine: PrivateEngine;
let fleet: FakeFleet;
let supervisor: SupervisorProcess;

const reported = () => fleet.reported.get(UUID);
const statusOf = (release: string) => reported()?.apps?.[APP]?.releases[release]?.update_status;
const ids = async () => Object.fromEntries([...(await engine.client.containers())].map(([name, { Id }]) => [name, Id]));
const runs = (release: string, count: number) => async () => {
  const containers = [...(await engine.client.containers()).values()];
  const isOf = ({ Names, State }: { Names: readonly string[]; State: string }) =>
    State === "running" && Names[0]?.endsWith(release) === true;
  return containers.length === count && containers.every(isOf);
};
const heard = (text: string) => async () => fleet.lines.some(({ message }) => message.includes(text));

beforeAll(async () => {
  engine = await PrivateEngine.start(join(scratch, "engine"));
  await engine.importShell(["test/app:1"]);
  fleet = await FakeFleet.start();
  fleet.want(target(commit("1"), ["web", "db"]));
  supervisor = await SupervisorProcess.prepare(join(scratch, "supervisor"), engine.socket);
  supervisor.configure({
    uuid: UUID,
    apiEndpoint: fleet.url,
    apiKey: fleet.provisioningKey,
    deviceApiKey: "device-key",
    applicationId: 5,
    appUpdatePollInterval: 1000,
    bootstrapRetryDelay: 300,
    initialDeviceName: "brave-lamp",
    os: { sshKeys: [] },
  });
}, 60_000);

afterAll(async () => {
  await supervisor?.stop();
  await fleet?.[Symbol.asyncDispose]();
  await engine?.stop();
  rmSync(scratch, { recursive: true, force: true });
}, 60_000);

describe("a managed device", () => {
  it("registers through a server's faults, and once, although it is killed before it hears of it", async () => {
    let asked = 0;
    let isKilled = false;
    fleet.fault = ({ url = "" }, response) => {
      if (!url.startsWith("/device/register")) return false;
      asked += 1;
      if (asked === 1) response.writeHead(500).end("sorry");
      else if (asked === 2) response.writeHead(200).end("<html>log in</html>");
      else if (asked === 3) response.writeHead(201, { "content-length": 500 }).write('{"id":');
      if (asked === 3) setTimeout(() => response.destroy(), 50);
      if (asked !== 4) return asked < 4;
      // The server has taken it; the device dies before the answer.
      fleet.devices.set(UUID, { id: 7, key: "device-key" });
      void supervisor.stop("SIGKILL").then(() => {
        isKilled = true;
      });
      return true;
    };
    await supervisor.start();
    await supervisor.until(async () => isKilled, "the supervisor is killed");
    expect(supervisor.configJson()).toHaveProperty("apiKey");
    fleet.fault = () => false;
    await supervisor.start();
    await supervisor.until(async () => supervisor.configJson()["deviceId"] === 7, "the device is registered");
    expect(supervisor.configJson()).toEqual({
      uuid: UUID,
      apiEndpoint: fleet.url,
      deviceApiKey: "device-key",
      applicationId: 5,
      appUpdatePollInterval: 1000,
      bootstrapRetryDelay: 300,
      initialDeviceName: "brave-lamp",
      os: { sshKeys: [] },
      deviceId: 7,
      registered_at: expect.any(Number),
    });
  });

  it("tells the server what it came with", async () => {
    await supervisor.until(async () => fleet.changes.length === 2, "variables and name are told");
    expect(fleet.changes).toEqual([
      {
        path: "/v7/device_config_variable",
        body: { device: 7, name: "RESIN_SUPERVISOR_POLL_INTERVAL", value: "1000" },
      },
      { path: `/v7/device(uuid='${UUID}')`, body: { device_name: "brave-lamp" } },
    ]);
  });

  it("brings the fleet's target up and reports it", async () => {
    await supervisor.until(runs(commit("1"), 2), "both services run");
    await supervisor.until(async () => statusOf(commit("1")) === "done", "the release is reported", REPORT_MS);
    expect(reported()).toMatchObject({
      api_port: supervisor.port,
      os_variant: "dev",
      status: "Idle",
      provisioning_state: "",
      logs_channel: null,
      memory_total: expect.any(Number),
      storage_total: expect.any(Number),
      apps: {
        [APP]: {
          release_uuid: commit("1"),
          releases: {
            [commit("1")]: {
              update_status: "done",
              services: { web: { image: "test/app:1", status: "Running" }, db: { status: "Running" } },
            },
          },
        },
      },
    });
    await supervisor.until(async () => fleet.polls.includes(304), "nothing new is not sent again");
    const drop = JSON.parse(readFileSync(join(supervisor.directory, "runtime/target-state-config"), "utf8"));
    expect(drop).toMatchObject({ SUPERVISOR_API_REQUEST_TIMEOUT: "1000" });
  });

  it("is opened by the key that it reported, and by no other", async () => {
    const ask = async (key: string) => (await supervisor.get(`/v2/device/name?apikey=${key}`)).json();
    expect(await ask(reported()?.api_secret ?? "")).toEqual({ status: "success", deviceName: "brave-lamp" });
    expect((await supervisor.get("/v2/device/name")).status).toBe(401);
  });

  it("streams its own messages and its services' lines, also those of while it was dead", async () => {
    await supervisor.until(heard("Started service 'web test/app:1'"), "what was done is told");
    const { web = "", db = "" } = await ids();
    supervisor.journal(web, "hello from web");
    supervisor.journal(db, "trouble in db", "3");
    supervisor.journal("f".repeat(64), "of another container");
    await supervisor.until(heard("trouble in db"), "lines arrive");
    expect(fleet.lines.find(({ message }) => message === "hello from web")).toMatchObject({ serviceId: 100 });
    expect(fleet.lines.find(({ message }) => message === "trouble in db")).toMatchObject({
      serviceId: 101,
      isStdErr: true,
    });
    await supervisor.stop();
    supervisor.journal(web, "said meanwhile");
    await supervisor.start();
    await supervisor.until(heard("said meanwhile"), "the line of meanwhile arrives");
    const texts = fleet.lines.map(({ message }) => message);
    expect(texts.filter((text) => text === "said meanwhile")).toHaveLength(1);
    expect(texts).not.toContain("of another container");
  });

  const faults: readonly [string, Fault][] = [
    ["denies", (_, response) => response.writeHead(401).end("Unauthorized")],
    ["breaks", (_, response) => response.writeHead(500).end()],
    ["is a hotel's page", (_, response) => response.writeHead(200).end("<html>log in</html>")],
    [
      "sends half",
      (_, response) => {
        response.writeHead(200, { "content-length": 900 }).write(`{"${UUID}":{"apps":{`);
        setTimeout(() => response.destroy(), 20);
        return true;
      },
    ],
    [
      "says nothing new to who knows nothing",
      (request, response) => {
        response.writeHead(request.headers["if-none-match"] === undefined ? 304 : 500).end();
        return true;
      },
    ],
    [
      "is slow without end",
      (_, response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(" "), 100);
        response.once("close", () => clearInterval(timer));
        return true;
      },
    ],
    [
      "sends without end",
      (_, response) => {
        response.writeHead(200);
        const chunk = Buffer.alloc(256 * 1024, " ");
        const more = (): void => {
          while (!response.destroyed && response.write(chunk));
          if (!response.destroyed) response.once("drain", more);
        };
        more();
        return true;
      },
    ],
    ["hangs up", (_, response) => response.destroy()],
  ];

  it.each(faults)(
    "keeps its apps while the server %s, and takes the next target when that is over",
    async (name, fault) => {
      const before = await ids();
      let asked = 0;
      fleet.fault = (request, response) => {
        if (request.url !== `/device/v3/${UUID}/state`) return false;
        asked += 1;
        return fault(request, response);
      };
      // A restart forgets the etag: it must not make a difference.
      if (name.startsWith("says nothing new")) {
        await supervisor.stop();
        await supervisor.start();
      }
      await supervisor.until(async () => asked >= 2, "it asks twice", 30_000);
      expect(await ids()).toEqual(before);
      fleet.fault = () => false;
      const polls = fleet.polls.length;
      await supervisor.until(async () => fleet.polls.length > polls, "it asks again");
      expect(await ids()).toEqual(before);
    },
  );

  it("refuses a malformed target as a whole and says so, to its owner and in its report", async () => {
    const before = await ids();
    fleet.want(target(commit("2"), ["web", "../../db"]));
    await supervisor.until(heard("Could not store target state"), "the log says so");
    await supervisor.until(async () => statusOf(commit("2")) === "rejected", "the report says so", REPORT_MS);
    expect(reported()?.apps?.[APP]?.release_uuid).toBe(commit("1"));
    expect(await ids()).toEqual(before);
  });

  it("updates to the next release, killed in the middle of it", async () => {
    fleet.want(target(commit("3"), ["web", "cache"]));
    await supervisor.until(async () => (await ids())["db"] === undefined, "the update has begun");
    await supervisor.stop("SIGKILL");
    await supervisor.start();
    await supervisor.until(runs(commit("3"), 2), "the new release runs");
    await supervisor.until(async () => statusOf(commit("3")) === "done", "it is reported", REPORT_MS);
    expect(reported()?.apps?.[APP]?.release_uuid).toBe(commit("3"));
    expect(statusOf(commit("2")), "what was refused is not reported any more").toBeUndefined();
  });

  it("keeps tags for the server, and asks it for them", async () => {
    const path = `/v2/device/tags?apikey=${reported()?.api_secret}`;
    const headers = { "content-type": "application/json" };
    const url = `http://127.0.0.1:${supervisor.port}${path}`;
    expect((await fetch(url, { method: "PATCH", headers, body: '{"room":"12"}' })).status).toBe(202);
    await supervisor.until(async () => fleet.tags.get("room") === "12", "the tag arrives");
    expect(await (await supervisor.get(path)).json()).toEqual({
      status: "success",
      tags: [{ id: 1, name: "room", value: "12" }],
    });
  });

  it("works on without its server, also after a restart", async () => {
    fleet.fault = (_, response) => {
      response.destroy();
      return true;
    };
    await supervisor.stop();
    await supervisor.start();
    const { web } = await ids();
    await engine.client.call("DELETE", `/containers/${web}?force=true`);
    await supervisor.until(async () => ![undefined, web].includes((await ids())["web"]), "web is made again");
    await supervisor.until(runs(commit("3"), 2), "all runs");
    expect(await (await supervisor.get("/v1/healthy")).text()).toBe("OK");
    fleet.fault = () => false;
    fleet.want(target(commit("4"), ["web"]));
    await supervisor.until(runs(commit("4"), 1), "the next release runs");
  });

  it("goes local by a variable: nothing of its apps is told, and cloud targets wait", async () => {
    fleet.want(target(commit("5"), ["web"], { SUPERVISOR_LOCAL_MODE: "1", SUPERVISOR_PERSISTENT_LOGGING: "true" }));
    await supervisor.until(runs(commit("5"), 1), "the target is applied");
    await supervisor.until(async () => supervisor.configJson()["persistentLogging"] === true, "config.json is changed");
    await supervisor.until(async () => (await supervisor.get("/v2/version")).status === 200, "no key is needed");
    const { web = "" } = await ids();
    const lines = fleet.lines.length;
    supervisor.journal(web, "a secret of the developer");
    // Longer than the stream needs.
    await sleep(7000);
    expect(fleet.lines.slice(lines).map(({ message }) => message)).not.toContain("a secret of the developer");
    expect(statusOf(commit("5"))).toBeUndefined();
  });

  it("asks a server with a certificate of its own only when it trusts that", async () => {
    const [keyFile, certFile] = [join(scratch, "tls.key"), join(scratch, "tls.pem")];
    const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"];
    const subject = ["-subj", "/CN=fleet", "-addext", "subjectAltName=IP:127.0.0.1"];
    const tools = await toolsTree({ cache: cacheRoot(process.env), mirror: await findMirror(process.env) });
    await runTool(tools, ["openssl", "req", "-x509", ...ec, "-keyout", keyFile, "-out", certFile, ...subject]);
    await using own = await FakeFleet.start({
      key: readFileSync(keyFile, "utf8"),
      cert: readFileSync(certFile, "utf8"),
    });
    own.want(target(commit("6"), ["web"]));
    own.devices.set(UUID, { id: 7, key: "device-key" });
    await supervisor.stop();
    supervisor.configure({ ...supervisor.configJson(), apiEndpoint: own.url });
    await supervisor.start();
    await supervisor.until(async () => /self-signed certificate/.test(supervisor.output()), "it does not trust");
    expect(own.polls).toEqual([]);
    await supervisor.stop();
    await supervisor.start({ NODE_EXTRA_CA_CERTS: certFile });
    await supervisor.until(runs(commit("6"), 1), "the target of the other server is applied");
    await supervisor.until(
      async () => own.reported.get(UUID)?.api_secret !== undefined,
      "all is reported to it",
      REPORT_MS,
    );
  });
});
