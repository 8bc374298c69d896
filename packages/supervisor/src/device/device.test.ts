import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Current } from "../engine/current.ts";
import { converge } from "../testing/converge.ts";
import { desiredOf, wireOf } from "../testing/fixtures.ts";
import { recordingLog, scratchDirectory } from "../testing/scratch.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import { readConfigJson } from "./config-json.ts";
import { parseOsRelease, providedBySystem, readFacts } from "./facts.ts";
import { ImageLedger } from "./image-ledger.ts";
import { readPaths } from "./paths.ts";
import { ServiceFiles } from "./service-files.ts";
import { SettingsStore } from "./settings.ts";

async function currentOf(service: string): Promise<Current> {
  const engine = new SimulatedEngine();
  engine.images.set("img:1", "sha256:1");
  await converge(engine, desiredOf(wireOf({ services: { [service]: {} } })));
  return engine.observe();
}

describe("config.json", () => {
  it("gives its keys, and none of those with a wrong type", async () => {
    await using scratch = await scratchDirectory();
    const path = join(scratch.path, "config.json");
    await writeFile(path, '{"uuid":"abc","listenPort":"481","apiEndpoint":5,"other":1}');
    expect(await readConfigJson(path, recordingLog())).toEqual({ uuid: "abc", listenPort: 481 });
  });

  it("is empty when missing or malformed, and does not show its content in the log", async () => {
    await using scratch = await scratchDirectory();
    const path = join(scratch.path, "config.json");
    const log = recordingLog();
    expect(await readConfigJson(path, log)).toEqual({});
    await writeFile(path, "[]");
    expect(await readConfigJson(path, log)).toEqual({});
    expect(log.lines).toHaveLength(1);
  });
});

describe("the device's facts", () => {
  it("come from the boot partition and the host's root", async () => {
    await using scratch = await scratchDirectory();
    const file = (name: string) => join(scratch.path, name);
    await mkdir(file("lib/modules"), { recursive: true });
    await writeFile(file("os-release"), 'NAME=x\nPRETTY_NAME="Holdfast 1.0"\nBALENA_BOARD_REV=abc\n');
    await writeFile(file("device-type.json"), '{"slug":"generic-arm64","arch":"aarch64"}');
    const environment = {
      OS_RELEASE_PATH: file("os-release"),
      DEVICE_TYPE_PATH: file("device-type.json"),
      ROOT_MOUNTPOINT: scratch.path,
    };
    const facts = await readFacts(readPaths({ ...environment, LISTEN_PORT: "x" }), { uuid: "0123456789" }, "lamp");
    expect(facts).toMatchObject({
      osVersion: "Holdfast 1.0",
      boardRevision: "abc",
      deviceType: "generic-arm64",
      arch: "aarch64",
      hostname: "0123456",
      listenPort: 48_484,
      hasKernelModules: true,
      hasFirmware: false,
      provided: { "sw.kernel": expect.stringMatching(/^\d/), "hw.device-type": "generic-arm64", "arch.sw": "aarch64" },
    });
    expect(facts.bootId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("tells contracts the versions of the system, and NVIDIA's where the kernel names it", () => {
    expect(providedBySystem({ VERSION_ID: "6.1", VERSION: "x" }, "4.9.140-l4t-r32.4.2")).toEqual({
      "sw.kernel": "4.9.140-l4t-r32.4.2",
      "sw.os": "6.1",
      "sw.l4t": "32.4.2",
    });
    expect(providedBySystem({}, "6.12.48+deb13-amd64")).toEqual({ "sw.kernel": "6.12.48+deb13-amd64" });
  });

  it("reads os-release with and without quotes", () => {
    expect(parseOsRelease("A=1\nB='2 3'\n#C=4\nD=\"5\"")).toEqual({ A: "1", B: "2 3", D: "5" });
  });
});

describe("settings", () => {
  it("stay over restarts and are made anew when malformed", async () => {
    await using scratch = await scratchDirectory();
    const first = await SettingsStore.open(scratch.path, recordingLog());
    await first.update({ deviceName: "lamp" });
    const second = await SettingsStore.open(scratch.path, recordingLog());
    expect(second.get()).toEqual(first.get());
    await writeFile(join(scratch.path, "settings.json"), "{");
    const third = await SettingsStore.open(scratch.path, recordingLog());
    expect(third.get().globalKey).not.toBe(first.get().globalKey);
    expect(JSON.parse(await readFile(join(scratch.path, "settings.json"), "utf8"))).toEqual(third.get());
  });
});

describe("a service's directory", () => {
  it("is open to every user after it was made by someone else, and holds no old mark of a hand-over", async () => {
    await using scratch = await scratchDirectory();
    const directory = join(scratch.path, "services/1/web");
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o755);
    await writeFile(join(directory, "handover-complete"), "");
    await mkdir(join(directory, "resin-kill-me"));
    await new ServiceFiles(scratch.path).prepare(1, "web");
    expect(await readdir(directory)).toEqual(["resin-kill-me"]);
    expect((await stat(directory)).mode & 0o7777).toBe(0o1777);
  });
});

describe("the image ledger", () => {
  it("enters what runs and is wanted, and drops what is neither there nor wanted", async () => {
    await using scratch = await scratchDirectory();
    const ledger = await ImageLedger.open(scratch.path);
    await ledger.add(["old:1", "next:1"]);
    await ledger.reconcile(await currentOf("web"), ["next:1"]);
    expect([...ledger.list()].sort()).toEqual(["img:1", "next:1"]);
    expect([...(await ImageLedger.open(scratch.path)).list()].sort()).toEqual(["img:1", "next:1"]);
  });
});
