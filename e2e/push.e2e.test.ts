import { mkdtempSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { holdfast, type Outcome } from "./build/run-program.ts";
import type { PrivateEngine } from "./engine/private-engine.ts";
import type { SupervisorProcess } from "./engine/supervisor-process.ts";
import { endScene, prepareScene } from "./engine/supervisor-scene.ts";

const scratch = mkdtempSync(join(tmpdir(), "holdfast-push-"));
const project = join(scratch, "shop");
let engine: PrivateEngine;
let supervisor: SupervisorProcess;

const LOOP = `["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done"]`;
const COMPOSE = `
services:
  broker: { image: "test/other:1", command: ${LOOP} }
  side: { build: ./side }
  web: { build: ./web, environment: { LEVEL: info } }
`;
const dockerfile = (...steps: string[]): string => ["FROM test/app:1", ...steps, `CMD ${LOOP}`].join("\n");

async function write(name: string, content: string | Buffer): Promise<void> {
  const file = join(project, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

beforeAll(async () => {
  ({ engine, supervisor } = await prepareScene(scratch, ["test/app:1", "test/other:1"]));
  await supervisor.start();
  await write("docker-compose.yml", COMPOSE);
  await write("web/Dockerfile", dockerfile("COPY big page /data/", "RUN test -s /data/page"));
  await write("web/big", Buffer.alloc(BIG, "b"));
  await write("web/page", "one");
  await write("web/notes.txt", "not for the device");
  await write("web/.dockerignore", "*.txt\n");
  await write("side/Dockerfile", dockerfile());
}, 60_000);
afterAll(() => endScene(scratch, [supervisor, engine]), 60_000);

const BIG = 3 * 1024 * 1024 + 7;
const PIECE = 1024 * 1024;

const reportSchema = z.object({
  services: z.array(
    z.object({ name: z.string(), image: z.string(), sent: z.int(), size: z.int(), status: z.string().optional() }),
  ),
});
type Reported = z.infer<typeof reportSchema>["services"][number];

const deviceArguments = (): string[] => ["127.0.0.1", project, "--port", String(supervisor.port)];
const push = async (...options: string[]): Promise<Outcome> => holdfast(["push", ...deviceArguments(), ...options]);
/** What a push that works says of each service. */
async function pushed(...options: string[]): Promise<Record<string, Reported>> {
  const { status, stdout, stderr } = await push("--json", ...options);
  expect(status, stderr).toBe(0);
  return Object.fromEntries(reportSchema.parse(JSON.parse(stdout)).services.map((one) => [one.name, one]));
}
const ids = async (): Promise<Record<string, string>> =>
  Object.fromEntries([...(await engine.client.containers())].map(([name, { Id }]) => [name, Id]));
async function environmentOf(service: string): Promise<readonly string[]> {
  const found = await engine.client.call("GET", `/containers/${(await ids())[service]}/json`);
  return z.object({ Config: z.object({ Env: z.array(z.string()) }) }).parse(found).Config.Env;
}

describe("holdfast push", () => {
  it("sends a project, has it built, and says what runs", async () => {
    const { broker, side, web } = await pushed();
    expect(broker).toMatchObject({ image: "fetched", sent: 0, status: "Running" });
    expect(side).toMatchObject({ image: "built", status: "Running" });
    // Equal pieces travel once, and what .dockerignore names not at all.
    const small = dockerfile("COPY big page /data/", "RUN test -s /data/page").length + "one".length + "*.txt\n".length;
    expect(web).toMatchObject({ image: "built", status: "Running", sent: PIECE + 7 + small, size: BIG + small });
  });

  it("sends nothing and touches nothing when nothing changed", async () => {
    const before = await ids();
    const { side, web } = await pushed();
    expect([side, web]).toMatchObject([
      { image: "unchanged", sent: 0 },
      { image: "unchanged", sent: 0 },
    ]);
    expect(await ids()).toEqual(before);
  });

  it("sends a changed file and makes that service anew, no other", async () => {
    const before = await ids();
    await write("web/page", "another");
    const { side, web } = await pushed();
    expect([side?.sent, web?.sent]).toEqual([0, "another".length]);
    const { web: other, ...rest } = await ids();
    expect(other).not.toBe(before["web"]);
    expect({ ...rest, web: before["web"] }).toEqual(before);
  });

  it("pushes one service with a variable, and keeps the others as the device has them", async () => {
    const before = await ids();
    await write("side/Dockerfile", dockerfile("RUN true"));
    const { side, web } = await pushed("--service", "web", "--env", "LEVEL=debug");
    expect([side?.image, web?.image]).toEqual(["kept", "unchanged"]);
    expect(await environmentOf("web")).toContain("LEVEL=debug");
    expect((await ids())["side"]).not.toBe(before["side"]);
    expect(await environmentOf("side")).toContain("LEVEL=debug");
  });

  it("builds every step anew with --nocache", async () => {
    const before = await ids();
    expect((await pushed("--nocache", "--service", "web"))["web"]).toMatchObject({ image: "built", sent: 0 });
    expect((await ids())["web"]).not.toBe(before["web"]);
  });

  it("names the step that fails, and leaves what runs", async () => {
    await pushed();
    const before = await ids();
    await write("web/Dockerfile", dockerfile("COPY big page /data/", "RUN echo wrong; exit 3"));
    const { status, stderr } = await push();
    expect(status).toBe(1);
    expect(stderr).toMatch(/"web" could not be built at Step 3\/\d : RUN echo wrong; exit 3/);
    expect(stderr).toMatch(/\n {2}wrong\n/);
    expect(stderr).toContain("code: cli.build-failed");
    expect(await ids()).toEqual(before);
    await write("web/Dockerfile", dockerfile("COPY big page /data/", "RUN test -s /data/page"));
  });

  it("refuses what the project or the device does not have", async () => {
    const unknown = await push("--service", "wbe");
    expect([unknown.status, unknown.stderr]).toEqual([2, expect.stringContaining("Did you mean web?")]);
    const nobody = await holdfast(["push", "127.0.0.1", project, "--port", "9"]);
    expect([nobody.status, nobody.stderr]).toEqual([1, expect.stringContaining("code: cli.unreachable-device")]);
  });

  it("says why a service does not run", async () => {
    await write("docker-compose.yml", COMPOSE.replace(`command: ${LOOP}`, 'command: ["/no/such/program"]'));
    const { status, stderr } = await push();
    expect([status, stderr]).toEqual([1, expect.stringContaining('Service "broker" does not run: ')]);
    expect(stderr).toContain("/no/such/program");
    await write("docker-compose.yml", COMPOSE);
    await pushed();
  }, 60_000);
});

describe("holdfast push --watch", () => {
  it("pushes again after each change, also after one that could not be built, until Ctrl-C", async () => {
    const edits = [
      async () => await write("web/page", "edited"),
      async () => await write("web/Dockerfile", dockerfile("RUN exit 4")),
      async () => await write("web/Dockerfile", dockerfile("COPY big page /data/")),
    ];
    let waits = 0;
    const { status, stdout, stderr } = await holdfast(["push", ...deviceArguments(), "--watch", "--json"], {
      onError: (text, pid) => {
        if (text.split("Waiting for changes").length - 1 === waits) return;
        const edit = edits[waits];
        waits += 1;
        if (edit === undefined) process.kill(pid, "SIGINT");
        else void edit();
      },
    });
    expect([status, stderr]).toEqual([130, expect.stringContaining("holdfast: interrupted")]);
    const said = stdout.trim().split("\n").slice(0, 4);
    const [first, edited, broken, corrected] = said.map((line): unknown => JSON.parse(line));
    const images = (report: unknown) => reportSchema.parse(report).services.map(({ image }) => image);
    expect(images(first)).toEqual(["fetched", "unchanged", "unchanged"]);
    expect(images(edited)).toEqual(["fetched", "unchanged", "built"]);
    expect(reportSchema.parse(edited).services[2]?.sent).toBe("edited".length);
    expect(broken).toMatchObject({
      error: { code: "cli.build-failed", message: expect.stringContaining("RUN exit 4") },
    });
    expect(images(corrected)).toEqual(["fetched", "unchanged", "built"]);
  }, 60_000);
});

describe("Ctrl-C in the middle of a build", () => {
  /** Containers that are not the app's. */
  async function others(): Promise<string[]> {
    const listed = z.array(z.object({ Id: z.string(), Labels: z.record(z.string(), z.string()) }));
    const all = listed.parse(await engine.client.call("GET", "/containers/json?all=true"));
    return all.filter(({ Labels }) => Labels["io.balena.supervised"] === undefined).map(({ Id }) => Id);
  }

  it("ends the build on the device, and leaves what runs", async () => {
    const before = await ids();
    await write("web/Dockerfile", dockerfile("RUN sleep 600"));
    const { status } = await holdfast(["push", ...deviceArguments()], {
      onStart: (pid) => {
        void expect
          .poll(others, { timeout: 20_000 })
          .toHaveLength(1)
          .then(() => process.kill(pid, "SIGINT"));
      },
    });
    expect(status).toBe(130);
    await expect.poll(others, { timeout: 20_000 }).toEqual([]);
    expect(await ids()).toEqual(before);
    // Not busy any more.
    await write("web/Dockerfile", dockerfile("COPY big page /data/"));
    expect((await pushed())["web"]?.status).toBe("Running");
  }, 60_000);
});

describe("holdfast logs", () => {
  const logs = async (...options: string[]): Promise<Outcome> =>
    await holdfast(["logs", "127.0.0.1", "--port", String(supervisor.port), ...options]);
  const say = async (service: string, message: string, priority?: string): Promise<void> =>
    supervisor.journal((await ids())[service] ?? "", message, priority);

  it("shows the last lines of each service in their order, and ends", async () => {
    for (const message of ["one", "two", "three"]) await say("web", message);
    await say("side", "four");
    const { status, stdout } = await logs("--tail", "2");
    const shown = stdout
      .trim()
      .split("\n")
      .map((line) => line.replace(/^\S+ +/, ""));
    expect([status, shown]).toEqual([0, ["web | two", "web | three", "side | four"]]);
  });

  it("shows one service as JSON, and refuses one that is not there", async () => {
    const { stdout } = await logs("--service", "side", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ source: "side", message: "four", isStdErr: false });
    const unknown = await logs("--service", "sid");
    expect([unknown.status, unknown.stderr]).toEqual([2, expect.stringContaining("Did you mean side?")]);
  });

  it("goes on with what comes, over a restart of the supervisor, each line once, until Ctrl-C", async () => {
    let heard = "";
    let pid = 0;
    const running = holdfast(["logs", "127.0.0.1", "--port", String(supervisor.port), "--follow", "--json"], {
      onStart: (started) => {
        pid = started;
      },
      onOutput: (text) => {
        heard = text;
      },
    });
    const messages = (): string[] =>
      heard
        .trim()
        .split("\n")
        .map((line) => z.object({ source: z.string(), message: z.string() }).parse(JSON.parse(line)))
        .flatMap(({ source, message }) => (source === "system" ? [] : [message]));
    const soon = { timeout: 15_000, interval: 100 };
    await expect.poll(messages, soon).toEqual(["one", "two", "three", "four"]);
    await say("web", "five", "3");
    await expect.poll(messages, soon).toEqual(["one", "two", "three", "four", "five"]);
    await supervisor.stop();
    await say("side", "six");
    await supervisor.start();
    await expect.poll(messages, soon).toEqual(["one", "two", "three", "four", "five", "six"]);
    await say("web", "seven");
    await expect.poll(messages, soon).toEqual(["one", "two", "three", "four", "five", "six", "seven"]);
    process.kill(pid, "SIGINT");
    const { status, stderr } = await running;
    expect([status, stderr]).toEqual([130, expect.stringContaining("holdfast: interrupted")]);
  }, 60_000);
});

describe("a device that is not in development mode", () => {
  it("asks for a key", async () => {
    supervisor.setDevelopmentMode(false);
    await supervisor.until(async () => (await supervisor.get("/v2/version")).status === 401, "keys are asked for");
    const { status, stderr } = await push();
    expect([status, stderr]).toEqual([1, expect.stringContaining("asks for a key")]);
  });
});
