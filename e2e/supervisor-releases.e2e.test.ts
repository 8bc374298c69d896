import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statfsSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RESERVE_GROUP } from "@holdfast/host";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CrashProxy } from "./engine/crash-proxy.ts";
import { DataPartition } from "./engine/data-partition.ts";
import { PrivateEngine } from "./engine/private-engine.ts";
import { SupervisorProcess } from "./engine/supervisor-process.ts";

/** One process that ends at once when asked to; what it did not forget at its start makes it unhealthy. */
const FOREVER = ["sh", "-c", ": >/tmp/sick; trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done"];
const MIB = 1024 * 1024;
/** Writes a mebibyte again and again, and when the disk takes no more, a byte: until it is told that it is enough. */
const FILL = [
  "x=0123456789abcdef; i=0; while [ $i -lt 16 ]; do x=$x$x; i=$((i+1)); done",
  '(while [ ! -e /dev/shm/enough ]; do echo "$x" || echo y || sleep 0.1; done; : >/dev/shm/ended) >>/data/fill 2>/dev/null &',
].join("; ");
const CRASHES = ["sh", "-c", "exit 3"];
const CHECK = { test: ["CMD", "sh", "-c", "[ ! -s /tmp/sick ]"], interval: "1s", retries: 1 };
const WINDOW = { "io.holdfast.health.window": "5s" };

type Service = Record<string, unknown>;
function target(commit: string, services: Record<string, Service>): unknown {
  const entries = Object.entries(services).map(([serviceName, service], at) => [
    String(at + 1),
    { imageId: at + 1, serviceId: at + 1, serviceName, image: "test/app:1", command: FOREVER, ...service },
  ]);
  const app = { name: "shop", commit, services: Object.fromEntries(entries) };
  return { local: { name: "bench", apps: { "1": app } } };
}

type AppView = {
  readonly commit: string;
  readonly updateStatus: string;
  readonly rejected: { readonly commit: string; readonly code: string; readonly reason: string } | null;
  readonly services: Readonly<Record<string, { readonly waitsFor: string | null; readonly failure: string | null }>>;
};
type Updates = {
  readonly hold: boolean;
  readonly waiting: readonly { readonly commit: string; readonly downloaded: boolean }[];
  readonly apps: readonly AppView[];
};

const scratch = mkdtempSync(join(tmpdir(), "holdfast-releases-"));
let partition: DataPartition;
let engine: PrivateEngine;
let proxy: CrashProxy;
let supervisor: SupervisorProcess;

const post = (path: string, body: unknown = {}) => supervisor.post(path, body);
const want = async (commit: string, services: Record<string, Service>): Promise<void> => {
  const answer = await post("/v2/local/target-state", target(commit, services));
  expect(await answer.text()).toContain("success");
};
const updates = async (): Promise<Updates> => (await (await supervisor.get("/v3/updates")).json()) as Updates;
const app = async (): Promise<AppView | undefined> => (await updates()).apps[0];
const idOf = async (service: string) => (await engine.client.containers()).get(service)?.Id;
const freeBytes = (): number => {
  const { bavail, bsize } = statfsSync(scratch);
  return bavail * bsize;
};
const inspect = async (id: string | undefined) =>
  (await engine.client.call("GET", `/containers/${id}/json`)) as {
    State: { StartedAt: string; Health?: { Status: string } };
    HostConfig: { RestartPolicy: { Name: string } };
  };

beforeAll(async () => {
  partition = await DataPartition.mount(scratch, 400 * 1024 * 1024);
  engine = await PrivateEngine.start(join(scratch, "engine"));
  await engine.importShell(["test/app:1", "test/app:2"]);
  proxy = await CrashProxy.start(join(scratch, "proxy.sock"), engine.socket);
  supervisor = await SupervisorProcess.prepare(join(scratch, "supervisor"), proxy.socket);
  await supervisor.start();
}, 60_000);

afterAll(async () => {
  await supervisor?.stop();
  await proxy?.stop();
  await engine?.stop();
  partition?.remove();
}, 60_000);

describe("releases on a real engine", () => {
  it("restarts a service that turns unhealthy, and not one that opted out", async () => {
    const optedOut = { healthcheck: CHECK, labels: { "io.holdfast.health.restart": "false" } };
    await want("health", { web: { healthcheck: CHECK }, alone: optedOut });
    await supervisor.untilApplied("health");
    const ids = { web: await idOf("web"), alone: await idOf("alone") };
    const before = { web: await inspect(ids.web), alone: await inspect(ids.alone) };
    for (const id of Object.values(ids)) await engine.client.exec(id ?? "", ["sh", "-c", "echo x >/tmp/sick"]);
    await supervisor.until(
      async () => (await inspect(ids.web)).State.StartedAt !== before.web.State.StartedAt,
      "web is restarted",
    );
    await supervisor.until(async () => (await inspect(ids.web)).State.Health?.Status === "healthy", "web is healthy");
    expect((await inspect(ids.alone)).State).toMatchObject({ Health: { Status: "unhealthy" } });
    expect((await inspect(ids.alone)).State.StartedAt).toBe(before.alone.State.StartedAt);
    expect(supervisor.output()).toContain("Restarting service 'web test/app:1' due to 'its healthcheck fails'");
  });

  it("goes back from a release that keeps ending, says why, and does not try it again", async () => {
    await want("good", { web: { labels: WINDOW } });
    await supervisor.until(async () => supervisor.output().includes("Release good of shop is good"), "good is good");
    await want("bad", { web: { labels: WINDOW, command: CRASHES } });
    await supervisor.until(async () => (await app())?.rejected?.commit === "bad", "bad is rejected", 30_000);
    await supervisor.untilApplied("good");
    expect(await app()).toMatchObject({
      commit: "good",
      updateStatus: "rejected",
      rejected: { code: "supervisor.release-unhealthy", reason: expect.stringMatching(/web keeps ending/) },
    });
    const state = await (await supervisor.get("/v2/applications/state")).json();
    expect(state).toMatchObject({ shop: { commit: "good", updateStatus: "rejected" } });
    const before = await idOf("web");
    await want("bad", { web: { labels: WINDOW, command: CRASHES } });
    await supervisor.stop();
    await supervisor.start();
    await supervisor.untilApplied("good");
    expect(await idOf("web")).toBe(before);
  });

  it("goes on to the next release while one keeps ending", async () => {
    await want("looping", { web: { command: CRASHES } });
    await supervisor.until(
      async () => (await engine.client.containers()).get("web")?.Names[0] === "/web_1_1_looping",
      "it is looping",
    );
    await want("next", { web: { labels: WINDOW } });
    await supervisor.untilApplied("next");
    expect((await engine.client.containers()).get("web")?.State).toBe("running");
    await supervisor.until(async () => supervisor.output().includes("Release next of shop is good"), "next is good");
  });

  it("goes on to the next release though the one that keeps ending holds its update lock", async () => {
    await want("locking", { web: { labels: WINDOW, command: ["sh", "-c", ": >/tmp/balena/updates.lock; exit 3"] } });
    const lock = join(supervisor.directory, "runtime/services/1/web/updates.lock");
    await supervisor.until(async () => statSync(lock).uid === process.getuid?.(), "the service's own lock is there");
    await want("next", { web: { labels: WINDOW } });
    await supervisor.until(async () => supervisor.output().includes("Updates are locked"), "the lock counts at first");
    await supervisor.untilApplied("next");
    expect(supervisor.output()).toContain("is removed: the service keeps ending or does not run");
    await supervisor.until(async () => !existsSync(lock), "no lock is left");
    expect((await engine.client.containers()).get("web")?.State).toBe("running");
  });

  it("ends at the good release though it is killed on the way there or back", async () => {
    for (const at of [1, 3, 5, 7]) {
      const bad = { web: { labels: WINDOW, command: CRASHES, environment: { AT: String(at) } } };
      let isDead = false;
      proxy.strikeAt(at, () => {
        isDead = true;
        void supervisor.stop("SIGKILL");
      });
      await post("/v2/local/target-state", target(`bad${at}`, bad)).catch(() => {});
      await supervisor.until(async () => isDead, `killed at step ${at}`, 30_000);
      proxy.strikeAt(-1, () => {});
      await supervisor.start();
      await supervisor.until(async () => (await app())?.rejected?.commit === `bad${at}`, "it is rejected", 30_000);
      await supervisor.untilApplied("next");
      const containers = await engine.client.containers();
      expect([...containers.values()].map(({ Names, State }) => `${Names[0]} ${State}`)).toEqual([
        "/web_1_1_next running",
      ]);
    }
  }, 120_000);

  it("downloads an update that is held, and applies it when told", async () => {
    expect(await (await post("/v3/updates/hold")).json()).toEqual({ hold: true });
    const before = await idOf("web");
    await want("held", { web: { image: "test/app:2" } });
    await supervisor.until(async () => (await updates()).waiting[0]?.downloaded === true, "it is downloaded");
    await supervisor.stop();
    await supervisor.start();
    await supervisor.untilApplied("next");
    expect((await updates()).waiting).toMatchObject([{ commit: "held", downloaded: true }]);
    expect(await idOf("web")).toBe(before);
    expect(await (await post("/v3/updates/release")).json()).toEqual({ released: true, hold: false });
    await supervisor.untilApplied("held");
    expect((await updates()).waiting).toEqual([]);
  });

  it("keeps the engine from restarting the old container of a hand-over, and only then", async () => {
    const labels = { "io.balena.update.strategy": "hand-over" };
    await want("ha", { gate: { labels } });
    await supervisor.untilApplied("ha");
    const old = await idOf("gate");
    // The engine tells in seconds when a container was made.
    await sleep(1100);
    await want("hb", { gate: { labels, environment: { NEW: "1" } } });
    await supervisor.until(
      async () => (await inspect(old)).HostConfig.RestartPolicy.Name === "no",
      "the old one yields",
    );
    await want("ha", { gate: { labels } });
    await supervisor.untilApplied("ha");
    expect(await idOf("gate")).toBe(old);
    expect((await inspect(old)).HostConfig.RestartPolicy.Name).toBe("always");
  });

  it("rejects a release whose contract is not met, and leaves what runs", async () => {
    const before = await idOf("gate");
    const contract = { slug: "web", requires: [{ type: "sw.kernel", version: ">=99" }] };
    await want("foreign", { web: { contract } });
    await supervisor.until(async () => (await app())?.rejected?.commit === "foreign", "it is rejected");
    expect((await app())?.rejected).toMatchObject({
      code: "supervisor.contract-unmet",
      reason: expect.stringMatching(/unmet requirements: shop: web needs sw.kernel >=99/),
    });
    expect(supervisor.output()).toContain("Could not move to new release: shop");
    expect(await idOf("gate")).toBe(before);
    await want("third", { web: {} });
    await supervisor.untilApplied("third");
  });

  it("makes a service that waits for a reboot, marks that, and starts the others", async () => {
    await want("reboot", { driver: { labels: { "io.balena.update.requires-reboot": "1" } }, web: {} });
    const mark = join(supervisor.directory, "runtime/reboot-after-apply");
    await supervisor.until(async () => existsSync(mark), "the mark is there");
    const containers = await engine.client.containers();
    expect(containers.get("driver")?.State).toBe("created");
    expect(containers.get("web")?.State).toBe("running");
  });

  it("isolates two services on one port, and says which one failed", async () => {
    await want("ports", { a: { ports: ["18099:80"] }, b: { ports: ["18099:80"] }, c: {} });
    const failures = async () => Object.values((await app())?.services ?? {}).flatMap(({ failure }) => failure ?? []);
    await supervisor.until(async () => (await failures()).some((text) => /already allocated/.test(text)), "one failed");
    const running = async () =>
      [...(await engine.client.containers()).values()].filter(({ State }) => State === "running").length;
    await supervisor.until(async () => (await running()) === 2, "the other two run");
    expect(supervisor.output()).toContain("only one of them can start");
  });

  it("goes on working on a disk that an app fills and fills, and goes on with what waited once there is room", async () => {
    await using registry = await sizesRegistry();
    await supervisor.until(async () => existsSync(join(supervisor.directory, "data/reserve")), "the reserve is there");
    const volumes = ["v:/data"];
    const fat = { volumes, labels: { "io.balena.features.supervisor-api": "1" } };
    await want("roomy", { web: {}, fat });
    await supervisor.untilApplied("roomy");
    const before = await idOf("web");
    await engine.client.exec((await idOf("fat")) ?? "", ["sh", "-c", FILL]);
    await supervisor.until(async () => freeBytes() < MIB, "the disk is full", 120_000);
    const image = `127.0.0.1:${registry.port}/some:1`;
    await want("waiting", { web: {}, fat, more: { image } });
    const waitsFor = async () => (await app())?.services["more"]?.waitsFor ?? "";
    await supervisor.until(async () => (await waitsFor()).startsWith("storage.insufficient-space"), "it does not fit");
    expect(await waitsFor()).toMatch(/Remove data from volumes/);
    expect(await idOf("web")).toBe(before);
    for (const verb of ["stop", "start", "restart"]) {
      const answer = await post(`/v2/applications/1/${verb}-service`, { serviceName: "web" });
      expect([verb, answer.status]).toEqual([verb, 200]);
    }
    expect(supervisor.output()).not.toContain(`Downloading image '${image}'`);
    // The app still tries, and what is held back was never its to take.
    expect(freeBytes()).toBeLessThan(MIB);
    expect(supervisor.output()).not.toContain("the reserve is given up");
    const stop = ": >/dev/shm/enough; while [ ! -e /dev/shm/ended ]; do sleep 0.1; done; : >/data/fill";
    await engine.client.exec((await idOf("fat")) ?? "", ["sh", "-c", stop]);
    await supervisor.until(
      async () => supervisor.output().includes(`Downloading image '${image}'`),
      "the download begins by itself",
      60_000,
    );
  });

  it("brings a smaller release up on a disk that is full to the last block, as a privileged app can have it", async () => {
    await supervisor.until(async () => existsSync(join(supervisor.directory, "data/reserve")), "the reserve is there");
    const filler = join(scratch, "filler");
    const privileged = ["--groups", String(RESERVE_GROUP), "dd", "if=/dev/zero", `of=${filler}`, "bs=1M"];
    expect(() => execFileSync("setpriv", privileged, { stdio: "ignore" })).toThrow();
    await supervisor.until(
      async () => !existsSync(join(supervisor.directory, "data/reserve")),
      "it is given up",
      60_000,
    );
    await want("full", { web: { environment: { FULL: "1" } } });
    await supervisor.untilApplied("full");
    rmSync(filler);
    await want("ports", { a: {}, b: {}, c: {} });
    await supervisor.untilApplied("ports");
  });

  it("downloads neither what does not fit nor what this processor cannot run", async () => {
    await using registry = await sizesRegistry();
    const image = (name: string) => `127.0.0.1:${registry.port}/${name}:1`;
    await want("big", { web: { image: image("huge") } });
    const waitsFor = async () => (await app())?.services["web"]?.waitsFor ?? "";
    await supervisor.until(async () => (await waitsFor()).startsWith("storage.insufficient-space"), "it does not fit");
    await want("other", { web: { image: image("foreign") } });
    await supervisor.until(async () => (await waitsFor()).startsWith("supervisor.wrong-architecture"), "it cannot run");
    expect(supervisor.output()).not.toContain(`Downloading image '${image("huge")}'`);
    expect(supervisor.output()).not.toContain(`Downloading image '${image("foreign")}'`);
    expect((await engine.client.containers()).size).toBe(3);
  });
});

const ARCHITECTURE = process.arch === "arm64" ? "arm64" : "amd64";
const digestOf = (letter: string): string => `sha256:${letter.repeat(64)}`;

/** Tells of a huge image, of one that fits a disk which is not full, and of one for another processor; it holds none. */
async function sizesRegistry(): Promise<{ port: number; [Symbol.asyncDispose](): Promise<void> }> {
  const exabyte = 1e18;
  const server: Server = createServer((request, response) => {
    const isConfig = request.url?.includes("/blobs/") === true;
    const isSome = request.url?.startsWith("/v2/some/") === true;
    const architecture = request.url?.startsWith("/v2/foreign/") === true ? "s390x" : ARCHITECTURE;
    const config = { architecture, rootfs: { diff_ids: [digestOf("b")] } };
    const manifest = {
      config: { digest: digestOf("a") },
      layers: [{ size: isSome ? 40 * MIB : exabyte, mediaType: "x.tar+gzip" }],
    };
    response.end(JSON.stringify(isConfig ? config : manifest));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
