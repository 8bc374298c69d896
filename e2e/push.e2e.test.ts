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
});
