import { copyFile, mkdir, mkdtemp, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheRoot, findMirror, runTool, type ToolsTree, toolsTree } from "@holdfast/image";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { imageTools, inspectImage } from "../packages/image/src/pack/index.ts";
import { run } from "../packages/image/src/process/run.ts";
import { toolCommand } from "../packages/image/src/tools/index.ts";
import { buildTinyImage, digestsOf, EPOCH, type TinyImage } from "./pack/tiny-image.ts";

let tools: ToolsTree;
let folder = "";
let image: TinyImage;

beforeAll(async () => {
  tools = await toolsTree({ cache: cacheRoot(process.env), mirror: await findMirror(process.env) });
  folder = await mkdtemp(join(tmpdir(), "holdfast-pack-"));
  image = await buildTinyImage(tools, join(folder, "first"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("the same tree gives the same bytes with another time zone, umask, user, CPU count and order", async () => {
  const second = join(folder, "elsewhere/a folder");
  await mkdir(second, { recursive: true });
  const program = fileURLToPath(import.meta.resolve("./pack/build-tiny-image.ts"));
  // Inside this namespace the process is an ordinary user: no capabilities, and nothing belongs to uid 0.
  const asOrdinaryUser = ["bwrap", "--unshare-user", "--uid", "4321", "--gid", "4321", "--dev-bind", "/", "/"] as const;
  const { stdout } = await run(
    [
      ...asOrdinaryUser,
      "taskset",
      "--cpu-list",
      "0",
      "sh",
      "-c",
      'umask 077; exec "$@"',
      "sh",
      process.execPath,
      program,
      second,
    ],
    { env: { ...definedEnv(), TZ: "Pacific/Kiritimati", LC_ALL: "tr_TR.UTF-8" } },
  );
  const result = z.object({ uid: z.number(), digests: z.record(z.string(), z.string()) }).parse(JSON.parse(stdout));
  expect(result.uid).toBe(4321);
  expect(result.digests).toEqual(await digestsOf(join(folder, "first")));
});

test("inspect reads back what was built, from the compressed image", async () => {
  const scratch = join(folder, "inspect");
  await mkdir(scratch);
  const inspected = await inspectImage(join(folder, "first/out/holdfast-tiny.img.zst"), {
    tools: imageTools(toolCommand(tools), EPOCH),
    scratch,
  });
  expect(inspected.partitions.map(({ label }) => label)).toEqual([
    "resin-boot",
    "resin-rootA",
    "resin-rootB",
    "resin-state",
    "resin-data",
  ]);
  expect(inspected.boot.map(({ path }) => path)).toContain("system-connections/A network with a long name.ignore");
  expect(inspected.ukis).toMatchObject([
    {
      prettyName: 'Tiny "1"',
      kernelVersion: "6.12.0-test",
      cmdline: `holdfast.roothash=${image.slot.rootHash}`,
      signed: false,
    },
  ]);
  const [slotA, slotB] = inspected.slots;
  expect(slotA?.filesystem).toMatchObject({ size: image.slot.hashOffset, builtAt: EPOCH });
  expect(slotA?.verity?.dataSize).toBe(image.slot.hashOffset);
  expect(slotB?.filesystem).toBeUndefined();
  expect(inspected.osRelease["PRETTY_NAME"]).toBe("Tiny");
  expect(inspected.packages).toEqual([{ name: "kmod", version: "1", bytes: 10 }]);
  expect(await readdir(scratch)).toEqual([]);
});

test("what the block map lists is enough, written over a card full of old data", async () => {
  const flashed = join(folder, "card.img");
  await flash(image.disk, await readFile(join(folder, "first/out/holdfast-tiny.bmap"), "utf8"), flashed);
  const scratch = join(folder, "card");
  await mkdir(scratch);
  const { partitions } = await inspectImage(flashed, { tools: imageTools(toolCommand(tools), EPOCH), scratch });
  const parts = new Map<string, string>();
  for (const { label, offset, size } of partitions) {
    const part = join(scratch, label);
    await runTool(tools, [
      "dd",
      `if=${flashed}`,
      `of=${part}`,
      "bs=1M",
      `skip=${offset / 2 ** 20}`,
      `count=${size / 2 ** 20}`,
    ]);
    parts.set(label, part);
  }
  const part = (label: string) => parts.get(label) ?? "";
  await runTool(tools, ["fsck.fat", "-n", part("resin-boot")]);
  for (const label of ["resin-state", "resin-data"]) await runTool(tools, ["e2fsck", "-f", "-n", part(label)]);
  await verify(part("resin-rootA"));
  const listing = await runTool(tools, ["debugfs", "-R", "stat /apps.json", part("resin-data")]);
  expect(listing.stdout).toMatch(/Mode: {2}0600[\s\S]*User: +7 +Group: +8/);
});

test("the slot verifies, and does not with one byte changed", async () => {
  await verify(image.slot.file);
  const damaged = join(folder, "damaged.img");
  await copyFile(image.slot.file, damaged);
  {
    await using handle = await open(damaged, "r+");
    await handle.write(Buffer.from([0x5a]), 0, 1, 123_456);
  }
  await expect(verify(damaged)).rejects.toThrow("Verification failed at position 122880");
});

test("modes, owners, capabilities and long names arrive in the slot", async () => {
  const { stdout } = await runTool(tools, ["dump.erofs", "--path=/etc/owned", image.slot.file]);
  expect(stdout).toMatch(/Uid: 123 +Gid: 456 +Access: 0750/);
  // The listing leaves out the set-user-id bit.
  const extracted = join(folder, "extracted");
  await runTool(tools, [
    "fsck.erofs",
    `--extract=${extracted}`,
    "--preserve-perms",
    "--no-preserve-owner",
    image.slot.file,
  ]);
  expect((await stat(join(extracted, "etc/owned"))).mode & 0o7777).toBe(0o4750);
  const kmod = await runTool(tools, ["dump.erofs", "--path=/usr/bin/kmod", image.slot.file]);
  expect(kmod.stdout).toMatch(/Xattr size: [1-9]/);
  const long = await runTool(tools, [
    "dump.erofs",
    "--cat",
    `--path=/etc/holdfast/${"long".repeat(40)}`,
    image.slot.file,
  ]);
  expect(long.stdout).toBe("a name that no ustar header holds\n");
});

test("loader and UKI carry the signature of the user's key", async () => {
  const keys = { key: join(folder, "db.key"), certificate: join(folder, "db.crt") };
  await runTool(tools, [
    ...["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"],
    ...["-keyout", keys.key, "-out", keys.certificate],
  ] as [string, ...string[]]);
  const signed = await buildTinyImage(tools, join(folder, "signed"), { keys });
  for (const file of [signed.loader, signed.uki]) await runTool(tools, ["sbverify", "--cert", keys.certificate, file]);
  await expect(runTool(tools, ["sbverify", "--cert", keys.certificate, image.uki])).rejects.toThrow(
    "No signature table present",
  );
});

test("an abort leaves no file under its final name and nothing half-made", async () => {
  const aborted = join(folder, "aborted");
  const abort = new AbortController();
  const build = buildTinyImage(tools, aborted, { signal: abort.signal });
  while ((await readdir(aborted).catch(() => [])).every((name) => !name.startsWith("slot.img")))
    await new Promise((resolve) => setTimeout(resolve, 1));
  abort.abort(new Error("stopped by the test"));
  await expect(build).rejects.toThrow();
  for (const name of await readdir(aborted))
    if (name !== "scratch") expect((await stat(join(aborted, name))).isFile(), name).toBe(true);
  expect((await readdir(aborted)).filter((name) => name.includes("partial"))).toEqual([]);
  expect(await readdir(join(aborted, "scratch"))).toEqual([]);
});

async function verify(slot: string): Promise<void> {
  const { rootHash, hashOffset } = image.slot;
  await runTool(tools, ["veritysetup", "verify", slot, slot, rootHash, `--hash-offset=${hashOffset}`]);
}

/** Does what a flasher does with a block map, onto a file that holds old data everywhere. */
async function flash(source: string, bmap: string, target: string): Promise<void> {
  const { size } = await stat(source);
  await using from = await open(source, "r");
  await using to = await open(target, "w");
  const old = Buffer.alloc(2 ** 20, 0xaa);
  for (let at = 0; at < size; at += old.length) await to.write(old, 0, Math.min(old.length, size - at), at);
  for (const [, first = "0", last = first] of bmap.matchAll(/<Range [^>]*> (\d+)(?:-(\d+))? <\/Range>/g)) {
    for (let block = Number(first); block <= Number(last); block += 1) {
      const { buffer } = await from.read(Buffer.alloc(4096), 0, 4096, block * 4096);
      await to.write(buffer, 0, 4096, block * 4096);
    }
  }
}

function definedEnv(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}
