import path from "node:path";
import { type Progress, refuse, suggestName } from "@holdfast/contracts";
import { type ComposeProject, readComposeProject, type ServiceBuild } from "@holdfast/image";
import { z } from "zod";
import type { DeviceApi } from "../device/device-api.ts";
import { formatBytes } from "../output/format-quantity.ts";
import { buildOnDevice } from "./build-on-device.ts";
import { readLocalContext } from "./local-context.ts";
import { formerTarget, localTarget } from "./local-target.ts";
import { type SentContext, sendContext } from "./send-context.ts";
import { untilApplied } from "./until-applied.ts";
import type { Variable } from "./variable.ts";

export type PushOptions = {
  readonly directory: string;
  /** Only these; the others stay as the device has them. Empty: all. */
  readonly services: readonly string[];
  readonly variables: readonly Variable[];
  /** Builds every step anew. */
  readonly fresh: boolean;
  /** Does not wait until the device runs it. */
  readonly detach: boolean;
};

/** What a push did with one service. Sizes in bytes. */
export type PushedService = {
  readonly name: string;
  /** `built`, `unchanged` (the device has this image already), `fetched` by the device, or `kept` (not pushed). */
  readonly image: "built" | "unchanged" | "fetched" | "kept";
  readonly sent: number;
  readonly size: number;
  /** What the device says of it, once all is applied; absent with `detach`. */
  readonly status?: string;
};

/** Where a push goes to, and what it says meanwhile. */
export type PushPlace = {
  readonly api: DeviceApi;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly warn: (sentence: string) => void;
};

const accepted = z.object({ status: z.literal("success") });

/**
 * Sends what changed of a compose project, has the device build it, and makes it what the device runs. Until all images
 * are built, what runs there is not touched.
 */
export async function pushProject(options: PushOptions, place: PushPlace): Promise<readonly PushedService[]> {
  const { directory, variables } = options;
  const project = await readComposeProject(directory);
  for (const warning of project.warnings) place.warn(warning);
  requireServices(project, [...options.services, ...variables.flatMap(({ service }) => service ?? [])]);
  const isWanted = (name: string): boolean => options.services.length === 0 || options.services.includes(name);
  const { state: former } = await place.api.get("/v2/local/target-state", formerTarget);
  const images = new Map<string, string>();
  const pushed: PushedService[] = [];
  for (const service of project.services) {
    if (!isWanted(service.name)) pushed.push({ name: service.name, image: "kept", sent: 0, size: 0 });
    else if ("image" in service.source) {
      images.set(service.name, service.source.image);
      pushed.push({ name: service.name, image: "fetched", sent: 0, size: 0 });
    } else {
      const { reference, service: report } = await pushImage(service.name, service.source.build, options, place);
      images.set(service.name, reference);
      pushed.push(report);
    }
  }
  const target = localTarget({ project, images, variables, former });
  await place.api.post("/v2/local/target-state", target, accepted);
  return options.detach ? pushed : await withStatus(pushed, place);
}

async function pushImage(
  name: string,
  { context, dockerfile, args, target }: ServiceBuild,
  { directory, fresh }: PushOptions,
  { api, progress }: PushPlace,
): Promise<{ readonly reference: string; readonly service: PushedService }> {
  const sending = progress.start(`Send ${name}`, "bytes");
  let sent: SentContext;
  let size = 0;
  try {
    const local = await readLocalContext(path.join(directory, context), dockerfile);
    size = local.bytes;
    sent = await sendContext(api, local, sending);
    sending.end(`${formatBytes(sent.sent)} of ${formatBytes(size)}`);
  } finally {
    sending.end();
  }
  const building = progress.start(`Build ${name}`);
  try {
    const order = { context: sent.context, service: name, dockerfile, args, fresh };
    const { image, built } = await buildOnDevice(api, target === undefined ? order : { ...order, target }, building);
    building.end(built ? image : "unchanged");
    return { reference: image, service: { name, image: built ? "built" : "unchanged", sent: sent.sent, size } };
  } finally {
    building.end();
  }
}

async function withStatus(
  pushed: readonly PushedService[],
  { api, progress, signal }: PushPlace,
): Promise<PushedService[]> {
  const step = progress.start("Start the app");
  try {
    const running = await untilApplied(api, step, signal);
    return pushed.map((service) => ({ ...service, status: running.get(service.name) ?? "not there" }));
  } finally {
    step.end();
  }
}

function requireServices({ services }: ComposeProject, names: readonly string[]): void {
  const known = services.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  refuse("cli.usage", { message: `The project has no service "${unknown}".`, hint: suggestName(unknown, known) });
}
