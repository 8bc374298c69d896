import { readFile } from "node:fs/promises";
import { minutes } from "@holdfast/contracts";
import { type Vm, waitForConsole } from "@holdfast/vm";
import { beforeAll, describe, expect, it } from "vitest";
import { BootDisk, bootEntry } from "./boot-chain/boot-disk.ts";
import { type BootLab, bootLab, developmentImage, INITRD_PATIENCE, power } from "./boot-chain/boot-lab.ts";
import { type EnrolledKeys, enrolledKeys } from "./boot-chain/secure-boot-keys.ts";

let enrolled: EnrolledKeys;
let unsigned: BootLab;
let signed: BootLab;
beforeAll(async () => {
  unsigned = await bootLab();
  enrolled = await enrolledKeys(unsigned);
  signed = { ...unsigned, image: await developmentImage("generic-amd64", { keys: enrolled.keys }) };
}, minutes(20));

/** A device whose firmware starts only what the tests' key has signed. */
async function boot(disk: string): Promise<Vm & AsyncDisposable> {
  const firmware = { secureBoot: true, vars: enrolled.vars };
  return await power(unsigned, { name: "e2e-secure-boot", arch: "amd64", disk, network: "none", ...firmware });
}

const consoleOf = async (vm: Vm): Promise<string> => await readFile(vm.consoleLog, "latin1");

describe("firmware with secure boot", () => {
  it("starts a signed image, and the locked-down kernel opens its root", async () => {
    await using vm = await boot(signed.image.disk.file);
    const { end } = await waitForConsole(vm, "secureboot: Secure boot enabled", { timeout: INITRD_PATIENCE });
    await waitForConsole(vm, /root is resin-rootA \(vda2,/, { from: end, timeout: INITRD_PATIENCE });
  });

  it("refuses an image that is not signed", async () => {
    await using vm = await boot(unsigned.image.disk.file);
    await waitForConsole(vm, /BdsDxe: failed to load Boot\d+ .*: Access Denied/, { timeout: INITRD_PATIENCE });
    expect(await consoleOf(vm)).not.toContain("Linux version");
  });

  it("refuses a boot entry whose command line was changed after it was signed", async () => {
    await using disk = await BootDisk.copy(signed);
    const { rootHash } = signed.image.slot.facts.slot;
    const other = rootHash.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));
    await disk.setEntries({ "holdfast-000001.efi": await bootEntry(signed, { [rootHash]: other }) });
    await using vm = await boot(disk.file);
    await waitForConsole(vm, /Security Violation|Access denied/i, { timeout: INITRD_PATIENCE });
    expect(await consoleOf(vm)).not.toContain("Linux version");
  });
});
