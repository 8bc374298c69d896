import path from "node:path";
import { firmware, secureBootFirmware, type ToolsTree, toolCommand } from "@holdfast/image";
import type { FirmwarePair, VmHost } from "@holdfast/vm";
import type { Context } from "../command/command.ts";
import { vmHome } from "./cache.ts";
import { openTools } from "./tools.ts";

/** What virtual machines need of this machine: the tools tree (made if it is not there yet) and a home in the cache. */
export async function openVmHost(context: Pick<Context, "progress" | "signal">): Promise<VmHost> {
  const tree = await openTools(context);
  return {
    home: vmHome,
    // A device goes on running after the command that started it has ended.
    tools: toolCommand(tree, { outlivesCaller: true }),
    firmware: {
      amd64: fromTree(tree, firmware.amd64),
      amd64SecureBoot: fromTree(tree, secureBootFirmware.amd64),
      arm64: fromTree(tree, firmware.arm64),
    },
  };
}

/** The files as this machine sees them: QEMU and we read them both. */
function fromTree(
  tree: ToolsTree,
  { code, variables }: { readonly code: string; readonly variables: string },
): FirmwarePair {
  return { code: path.join(tree.root, code), vars: path.join(tree.root, variables) };
}
