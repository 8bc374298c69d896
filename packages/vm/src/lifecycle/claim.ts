import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { refuse } from "@holdfast/contracts";
import { readVm, type Vm } from "../record.ts";
import { isRunning } from "./find-vm.ts";
import { lockVm } from "./lock.ts";

/** A device's directory, held until the scope ends, and what was in it. */
export type Claim = AsyncDisposable & { readonly directory: string; readonly former: Vm | undefined };

const LOCK = "lock";

/** Locks a device's directory below `home`. @throws HoldfastError `vm.already-running`. */
export async function claim(home: string, name: string): Promise<Claim> {
  const directory = join(home, name);
  await mkdir(directory, { recursive: true });
  const lock = await lockVm(join(directory, LOCK), name);
  try {
    const former = await readVm(directory);
    if (former !== undefined && (await isRunning(former))) {
      refuse("vm.already-running", {
        message: `The virtual device ${name} runs already (process ${former.pid}).`,
        hint: `Stop it with: holdfast vm stop ${name}`,
      });
    }
    return { directory, former, [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose]() };
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

/** Removes what a device's former life left. Unlinking matters: a snapshot may hold the same file under its own name. */
export async function emptyDirectory(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name !== LOCK) await rm(join(directory, name), { recursive: true, force: true });
  }
}

/** Runs the making of a device; when it fails, nothing is left of a device that was not there before. */
export async function undoIfFailed(claimed: Pick<Claim, "directory" | "former">, make: () => Promise<Vm>): Promise<Vm> {
  try {
    return await make();
  } catch (error) {
    if (claimed.former === undefined) await rm(claimed.directory, { recursive: true, force: true });
    throw error;
  }
}
