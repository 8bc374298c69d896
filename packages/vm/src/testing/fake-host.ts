import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ToolCommand } from "@holdfast/contracts";
import type { VmHost } from "../host.ts";
import { listVms, removeVm } from "../lifecycle/find-vm.ts";
import type { VmSpec } from "../spec.ts";

/** Stripped of its types once: each start of a device is then four times as fast. */
const fakeQemu = stripTypeScriptTypes(readFileSync(new URL("./fake-qemu.ts", import.meta.url), "utf8"));

/** qemu-img makes a file that says how it was made; a size may follow its name. */
const qemuImg = 'for word; do case $word in /*.qcow2) file=$word;; esac; done; echo "$*" > "$file"';

function fakeTools(qemu: string): ToolCommand {
  return ([program, ...args]) =>
    program === "qemu-img" ? ["/bin/sh", "-c", qemuImg, "sh", ...args] : [process.execPath, qemu, ...args];
}

/** A build machine without QEMU, and the smallest device on it. Devices end with the scope. */
export type FakeHost = AsyncDisposable & { readonly host: VmHost; readonly spec: VmSpec };

export async function fakeHost(): Promise<FakeHost> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-vm-"));
  const pair = { code: join(directory, "code.fd"), vars: join(directory, "vars.fd") };
  for (const file of [pair.code, pair.vars, join(directory, "image.img")]) await writeFile(file, "x".repeat(512));
  const qemu = join(directory, "qemu.mjs");
  await writeFile(qemu, fakeQemu);
  const host = {
    home: join(directory, "vm"),
    tools: fakeTools(qemu),
    firmware: { amd64: pair, amd64SecureBoot: pair, arm64: pair },
  };
  return {
    host,
    // Devices of the other architecture never ask for KVM.
    spec: { name: "unit-test", arch: "arm64", disk: join(directory, "image.img") },
    [Symbol.asyncDispose]: async () => {
      for (const { name } of await listVms(host.home)) await removeVm(host.home, name);
      await rm(directory, { recursive: true });
    },
  };
}
