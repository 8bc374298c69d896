import type { Qmp } from "../qemu/qmp.ts";

/** No limit: the device is stopped, and the other end is a file. */
const BANDWIDTH = 2 ** 40;

/** Memory pages get fixed places in a sparse file: loading is a plain read, and the file never exceeds the memory. */
export async function useMappedMemory(qmp: Qmp): Promise<void> {
  await qmp.execute("migrate-set-parameters", { "max-bandwidth": BANDWIDTH });
  await qmp.execute("migrate-set-capabilities", { capabilities: [{ capability: "mapped-ram", state: true }] });
}

/** The arguments of `migrate` and `migrate-incoming` for a file. */
export function stateChannel(path: string): Readonly<Record<string, unknown>> {
  return { channels: [{ "channel-type": "main", addr: { transport: "file", filename: path, offset: 0 } }] };
}
