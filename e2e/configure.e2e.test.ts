import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { constants } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { repositoryRoot } from "@holdfast/cli";
import { cacheRoot, findMirror, runTool, type ToolsTree, toolsTree } from "@holdfast/image";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { GPT_HEAD_SECTORS, parseGpt } from "../packages/image/src/pack/disk/gpt.ts";
import { readHead } from "../packages/image/src/pack/disk/read-head.ts";
import { runProgram } from "./build/run-program.ts";
import { ordinaryUser } from "./machine/ordinary-user.ts";
import { buildTinyImage, type TinyImage } from "./pack/tiny-image.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJqRmf6LyXCKQpyYJ4kVQ8mSb7c0n4m0N6wVd8mX7u3d me@laptop";
const STATIC = "[connection]\nid=lan\ntype=ethernet\n[ipv4]\nmethod=manual\naddress1=192.0.2.5/24\n";
/** Exit status of a refusal. */
const REFUSED = 1;
let tools: ToolsTree;
let folder = "";
let tiny: TinyImage;

beforeAll(async () => {
  tools = await toolsTree({ cache: cacheRoot(process.env), mirror: await findMirror(process.env) });
  folder = await mkdtemp(path.join(tmpdir(), "holdfast-configure-"));
  tiny = await buildTinyImage(tools, path.join(folder, "tiny"));
  await writeFile(path.join(folder, "my lan"), STATIC);
  await writeFile(path.join(folder, "id.pub"), `${KEY}\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Outcome = { readonly status: number; readonly stdout: string; readonly stderr: string };

async function configure(image: string, ...args: string[]): Promise<Outcome> {
  const argv = ["configure", image, ...args];
  const child = spawn(path.join(repositoryRoot, "holdfast"), argv, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  const [status] = await once(child, "close");
  return { status, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

const sha256 = async (file: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(file))
    .digest("hex");

/** A copy of the raw image, to be changed. */
async function rawImage(name: string): Promise<string> {
  const file = path.join(folder, name);
  await copyFile(tiny.disk, file);
  return file;
}

async function bootOffset(image: string): Promise<number> {
  const gpt = parseGpt(await readHead(image, GPT_HEAD_SECTORS * 512));
  return gpt?.partitions.find(({ label }) => label === "resin-boot")?.offset ?? 0;
}

async function bootFile(image: string, name: string): Promise<string> {
  const { stdout } = await runTool(tools, ["mtype", "-i", `${image}@@${await bootOffset(image)}`, `::/${name}`]);
  return stdout;
}

describe("holdfast configure", () => {
  it("sets up a raw image in place, and nothing but its boot partition", async () => {
    const image = await rawImage("raw.img");
    const args = ["--hostname", "sensor-1", "--ssh-key", "id.pub", "--connection", "my lan", "--development"];
    const wifi = ["--wifi-ssid", "Café", "--wifi-psk", "correct horse"];
    const { status, stdout, stderr } = await configure("raw.img", ...args, ...wifi, "--set", "country=DE");
    expect([status, stderr]).toEqual([0, expect.not.stringContaining("note")]);
    expect(stdout).toContain("config.json country, hostname, developmentMode, os.sshKeys");
    expect(stdout).not.toContain("horse");
    expect(JSON.parse(await bootFile(image, "config.json"))).toEqual({
      country: "DE",
      hostname: "sensor-1",
      developmentMode: true,
      os: { sshKeys: [KEY] },
    });
    expect(await bootFile(image, "system-connections/my lan")).toBe(STATIC);
    expect(await bootFile(image, "system-connections/wifi")).toContain("psk=correct horse\n");
    expect(await bootFile(image, "system-connections/A network with a long name.ignore")).toBe("x");
    const offset = await bootOffset(image);
    await runTool(tools, ["dd", `if=${image}`, `of=${folder}/fat`, "bs=1M", `skip=${offset / 2 ** 20}`, "count=128"]);
    await runTool(tools, ["fsck.fat", "-n", `${folder}/fat`]);
    const [before, after] = [await readFile(tiny.disk), await readFile(image)];
    const end = offset + 128 * 2 ** 20;
    expect(before.subarray(0, offset).equals(after.subarray(0, offset))).toBe(true);
    expect(before.subarray(end).equals(after.subarray(end))).toBe(true);
  });

  it("changes it again: values are replaced and taken away, others stay", async () => {
    const image = path.join(folder, "raw.img");
    const again = await configure(image, "--hostname", "sensor-2", "--production", "--set", "country=null", "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({ changedKeys: ["country", "hostname", "developmentMode"] });
    expect(JSON.parse(await bootFile(image, "config.json"))).toEqual({ hostname: "sensor-2", os: { sshKeys: [KEY] } });
    expect(await bootFile(image, "system-connections/my lan")).toBe(STATIC);
  });

  it.each([
    [["--hostname", "not a name", "--connection", "my lan"], "hostname: not a host name"],
    [["--hostname", "fine", "--set", "countri=DE"], 'no key "countri"'],
    [["--hostname", "fine", "--connection", "broken"], "broken: line 3: neither key=value"],
    [["--hostname", "fine", "--wifi-ssid", "Home", "--wifi-psk", "short"], "psk has 5 characters"],
    [["--hostname", "fine", "--ssh-key", "id"], "is a private key"],
    [["--hostname", "fine", "--connection", "absent"], "absent cannot be read"],
    [[], "nothing to change"],
  ])("refuses %j, and leaves the image as it was", async (args, reason) => {
    await writeFile(path.join(folder, "broken"), "[connection]\nid=x\ntype ethernet\n");
    await writeFile(path.join(folder, "id"), "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    const image = path.join(folder, "raw.img");
    const before = await sha256(image);
    const { status, stderr } = await configure(image, ...args);
    expect(status).not.toBe(0);
    expect(stderr).toContain(reason);
    expect(await sha256(image)).toBe(before);
  });

  it("changes nothing when the boot partition has no room for all of it", async () => {
    const image = await rawImage("full.img");
    const drive = `${image}@@${await bootOffset(image)}`;
    // All but a few kilobytes: config.json fits, the connection does not.
    const { stdout } = await runTool(tools, ["mdir", "-i", drive]);
    const free = Number((/([\d ]+) bytes free/.exec(stdout)?.[1] ?? "").replaceAll(" ", ""));
    await runTool(tools, ["truncate", "-s", String(free - 8192), `${folder}/filler`]);
    await runTool(tools, ["mcopy", "-i", drive, `${folder}/filler`, "::/filler"]);
    await writeFile(path.join(folder, "large"), `${STATIC}${"# long\n".repeat(10_000)}`);
    const before = await sha256(image);
    const { status, stderr } = await configure(image, "--hostname", "sensor-1", "--connection", "large");
    expect([status === 0, stderr]).toEqual([false, expect.stringContaining("image.boot-too-large")]);
    expect(await sha256(image)).toBe(before);
  });

  it("replaces a compressed image, and the documents beside it follow", async () => {
    const out = path.join(folder, "tiny/out");
    const image = path.join(out, "holdfast-tiny.img.zst");
    expect((await configure(image, "--hostname", "packed", "--connection", "my lan")).status).toBe(0);
    await mkdir(path.join(folder, "unpacked"));
    const raw = path.join(folder, "unpacked/disk.img");
    await runTool(tools, ["zstd", "-q", "-d", image, "-o", raw]);
    expect(JSON.parse(await bootFile(raw, "config.json"))).toEqual({ hostname: "packed" });
    const manifest = z
      .object({ files: z.array(z.object({ name: z.string(), sha256: z.string() })) })
      .parse(JSON.parse(await readFile(path.join(out, "holdfast-tiny.manifest.json"), "utf8")));
    for (const file of manifest.files)
      expect([file.name, await sha256(path.join(out, file.name))]).toEqual([file.name, file.sha256]);
    // Flashing by the block map, as bmaptool does, gives the image.
    const bmap = await readFile(path.join(out, "holdfast-tiny.bmap"), "utf8");
    const bytes = await readFile(raw);
    for (const [, sum = "", first = "", last = first] of bmap.matchAll(/chksum="(\w+)"> (\d+)(?:-(\d+))? </g)) {
      const range = bytes.subarray(Number(first) * 4096, (Number(last) + 1) * 4096);
      expect(createHash("sha256").update(range).digest("hex")).toBe(sum);
      range.fill(0);
    }
    expect(bytes.includes("192.0.2.5")).toBe(false);
  });

  it("says what is no image", async () => {
    await writeFile(path.join(folder, "no.img"), "text");
    expect((await configure("no.img", "--hostname", "x")).stderr).toContain("image.not-an-image");
    await writeFile(path.join(folder, "no.img.zst"), "text");
    expect((await configure("no.img.zst", "--hostname", "x")).stderr).toContain("image.not-an-image");
    expect((await configure("absent.img", "--hostname", "x")).stderr).toContain("image.not-an-image");
  });
});

/** A disk that an image was written to: a loop device over a copy of the image. Root only. */
class WrittenDisk implements Disposable {
  readonly device: string;

  constructor(file: string) {
    if (process.getuid?.() !== 0) throw new Error("loop devices are made by root only; run this suite with sudo");
    this.device = execFileSync("losetup", ["--find", "--show", file]).toString().trim();
  }

  [Symbol.dispose](): void {
    execFileSync("losetup", ["--detach", this.device]);
  }
}

describe("holdfast configure on a disk that an image was written to", () => {
  it("changes its boot partition and nothing else, in the same words as an image", async () => {
    const file = await rawImage("card.img");
    {
      using disk = new WrittenDisk(file);
      const { status, stdout, stderr } = await configure(disk.device, "--hostname", "carded", "--connection", "my lan");
      expect([status, stderr]).toEqual([0, expect.not.stringContaining("note")]);
      expect(stdout).toContain("config.json hostname\nconnections: my lan");
    }
    const [before, after] = [await readFile(tiny.disk), await readFile(file)];
    expect(JSON.parse(await bootFile(file, "config.json"))).toEqual({ hostname: "carded" });
    expect(await bootFile(file, "system-connections/my lan")).toBe(STATIC);
    const start = await bootOffset(file);
    const end = start + 128 * 2 ** 20;
    expect(before.subarray(0, start).equals(after.subarray(0, start))).toBe(true);
    expect(before.subarray(end).equals(after.subarray(end))).toBe(true);
  });

  it("refuses one that is in use, and changes nothing", async () => {
    const file = await rawImage("mounted.img");
    const before = await sha256(file);
    using disk = new WrittenDisk(file);
    // What the kernel does for a mount of it or of one of its partitions: there is one holder at a time.
    await using _holder = await open(disk.device, constants.O_RDONLY | constants.O_EXCL);
    const { status, stderr } = await configure(disk.device, "--hostname", "mounted");
    expect([status, stderr]).toEqual([REFUSED, expect.stringContaining("image.busy-disk")]);
    expect(stderr).toContain(`umount ${disk.device}?*`);
    expect(await sha256(file)).toBe(before);
  });

  it("tells an ordinary user that disks are root's, and changes nothing", async () => {
    const file = await rawImage("foreign.img");
    const before = await sha256(file);
    using disk = new WrittenDisk(file);
    const home = await mkdtemp("/var/tmp/hf-");
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(() => rm(home, { recursive: true, force: true }));
    await chmod(home, 0o755);
    const user = await ordinaryUser(home);
    const program = path.join(user.checkout, "packages/cli/src/main.ts");
    const { status, stderr } = await runProgram([program, "configure", disk.device, "--hostname", "foreign"], user);
    expect([status, stderr]).toEqual([REFUSED, expect.stringContaining("image.busy-disk")]);
    expect(stderr).toContain("run it with sudo");
    expect(await sha256(file)).toBe(before);
  });
});
