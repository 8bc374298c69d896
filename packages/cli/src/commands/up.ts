import path from "node:path";
import type { Arguments, Context } from "../command/command.ts";
import { DEFAULT_DEVICE } from "../device/chosen-device.ts";
import { alignColumns } from "../output/align-columns.ts";
import { formatDuration } from "../output/format-quantity.ts";
import { repositoryRoot } from "../repository-root.ts";
import { addressesOf } from "../up/addresses.ts";
import { bringUp } from "../up/bring-up.ts";

/** `holdfast up`: from a checkout to a running device with an app on it; run again, it only says where that is. */
export async function run(args: Arguments, context: Context): Promise<undefined> {
  const began = performance.now();
  const project = args.text("preload");
  // A path of the user's is relative to where they are; the sample is where the checkout is.
  const preload = project === undefined ? path.join(repositoryRoot, "examples/telemetry") : path.resolve(project);
  const { vm, image, started } = await bringUp({ name: DEFAULT_DEVICE, preload, fresh: args.flag("fresh") }, context);
  const addresses = addressesOf(vm);
  if (context.json) {
    context.printJson({ name: vm.name, image, started, accelerator: vm.accelerator, ...addresses });
    return;
  }
  const { page, api, ssh } = addresses;
  const rows = [
    ["  the app's page", page ?? "not forwarded"],
    ["  supervisor", api === undefined ? "not forwarded" : `${api}/ping`],
    ["  a root shell", ssh],
    ["  its console", `./holdfast vm console ${vm.name}`],
    ["  shut it down", "./holdfast down"],
  ];
  const how = started ? `came up in ${formatDuration(performance.now() - began)}` : "was up already";
  context.print(`\nThe virtual device ${vm.name} ${how}.\n\n${alignColumns(rows)}`);
}
