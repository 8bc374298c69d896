import { open, readFile, rm } from "node:fs/promises";
import { refuse } from "@holdfast/contracts";
import { identify } from "../process/identity.ts";

/**
 * Takes a device's directory for this process until the scope ends. A lock whose owner is gone is taken over.
 * @throws HoldfastError `vm.already-running` when another process is starting the device.
 */
export async function lockVm(path: string, name: string): Promise<AsyncDisposable> {
  const self = await identify(process.pid);
  for (let attempt = 0; attempt < 2; attempt++) {
    const file = await open(path, "wx").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return undefined;
      throw error;
    });
    if (file !== undefined) {
      await file.writeFile(`${process.pid} ${self?.startTime ?? ""}`);
      await file.close();
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    }
    const [pid, startTime] = (await readFile(path, "utf8").catch(() => "")).split(" ");
    const owner = await identify(Number(pid));
    if (owner !== undefined && owner.startTime === startTime) break;
    await rm(path, { force: true });
  }
  return refuse("vm.already-running", {
    message: `The virtual device ${name} is being started by another command.`,
    hint: "Wait for it, or choose another name.",
  });
}
