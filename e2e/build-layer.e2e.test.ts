import { cp, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheRoot, findMirror, runTool, toolsTree } from "@holdfast/image";
import { expect, test } from "vitest";
import { z } from "zod";
import { type BuildRequest, parseReport } from "./build/build-request.ts";
import { makeUpOs } from "./build/made-up-os.ts";
import { runProgram } from "./build/run-program.ts";
import { openWorkFolder, warmCache } from "./build/warm-cache.ts";

const repository = fileURLToPath(new URL("..", import.meta.url));
const program = fileURLToPath(new URL("build/build-made-up.ts", import.meta.url));
const unit = (rest: string): string => `[Unit]\nDescription=Beacon\n\n${rest}\n`;

test("the layer and the board that the documentation adds become a slot of Debian's packages", async () => {
  await using work = await openWorkFolder("layer");
  const { folder } = work;
  const cache = join(folder, "cache");
  await warmCache(cache, { debs: true, tools: true, apt: true });
  const os = await makeUpOs(folder);
  for (const name of ["layers/base", "layers/kernel", "ledger"])
    await cp(join(repository, "os", name), join(os.osDir, name), { recursive: true });
  await os.write("layers/beacon/layer.ts", await documentedLayer());
  await os.write("layers/beacon/beacon.service", unit("[Service]\nExecStart=/usr/bin/mosquitto_pub -t alive -m yes"));
  await os.write(
    "layers/beacon/beacon.timer",
    unit("[Timer]\nOnCalendar=minutely\n\n[Install]\nWantedBy=timers.target"),
  );
  const packages = { "systemd-boot-efi": "loader and stub of the board" };
  await os.layer({ name: "loader", why: "What the board's firmware starts.", packages });
  const partitions = { boot: 64, root: 640, state: 16, data: 16 };
  await os.board({ kernel: "linux-image-amd64", layers: ["base", "kernel", "loader", "beacon"], partitions });

  const request = { osDir: os.osDir, cache };
  // The documentation's first hurdle: its user has no number yet, and the message says where to add one.
  expect(await build(request)).toMatchObject({
    error: expect.stringMatching(
      /The (user|group) "beacon" has no number in os.*\n.*hint: Append "beacon": \d+ to its/,
    ),
  });
  await addAccount(join(os.osDir, "ledger/accounts.json"), "beacon", 4000);
  const report = await build(request);
  if ("error" in report) throw new Error(report.error);
  expect(report.versions.some((text) => text.startsWith("mosquitto-clients "))).toBe(true);

  const root = join(folder, "root");
  const tools = await toolsTree({ cache: cacheRoot(process.env), mirror: await findMirror(process.env) });
  const slot = join(report.folder, "slot.img");
  await runTool(tools, ["fsck.erofs", `--extract=${root}`, "--no-preserve-owner", slot]);
  expect(await readFile(join(root, "etc/beacon.conf"), "utf8")).toBe("server=broker.local\n");
  expect(await readFile(join(root, "etc/passwd"), "utf8")).toContain("beacon:x:4000:4000:Sends the beacon:");
  expect(await readlink(join(root, "etc/systemd/system/timers.target.wants/beacon.timer"))).toBe(
    "/usr/lib/systemd/system/beacon.timer",
  );
  expect((await readFile(join(root, "usr/bin/mosquitto_pub"))).subarray(1, 4).toString()).toBe("ELF");
  const state = JSON.parse(await readFile(join(root, "usr/lib/holdfast/state-paths.json"), "utf8"));
  expect(state).toContainEqual(
    expect.objectContaining({ path: "/var/lib/beacon", uid: 4000, gid: 4000, mode: "0750" }),
  );
});

async function build(request: BuildRequest) {
  const env = { HOLDFAST_CACHE: request.cache };
  const { stdout, stderr } = await runProgram([program, JSON.stringify(request)], { env });
  return parseReport(stdout === "" ? JSON.stringify({ error: stderr }) : stdout);
}

/** The example of docs/adding-a-layer.md, word for word. */
async function documentedLayer(): Promise<string> {
  const text = await readFile(join(repository, "docs/adding-a-layer.md"), "utf8");
  const example = /```ts\n([\s\S]*?name: "beacon"[\s\S]*?)```/.exec(text)?.[1];
  if (example === undefined) throw new Error("docs/adding-a-layer.md has no example layer");
  return example;
}

const accountsSchema = z.object({ users: z.record(z.string(), z.int()), groups: z.record(z.string(), z.int()) });

async function addAccount(file: string, name: string, id: number): Promise<void> {
  const { users, groups } = accountsSchema.parse(JSON.parse(await readFile(file, "utf8")));
  await writeFile(file, JSON.stringify({ users: { ...users, [name]: id }, groups: { ...groups, [name]: id } }));
}
