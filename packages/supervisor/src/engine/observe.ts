import * as z from "zod";
import { healthWindow } from "../spec/health-window.ts";
import {
  hasFeature,
  LABEL_APP_ID,
  LABEL_APP_UUID,
  LABEL_BOOT_ID,
  LABEL_CONFIG_HASH,
  LABEL_SERVICE_ID,
  LABEL_SERVICE_NAME,
  LABEL_SUPERVISED,
  lockScopeOf,
} from "../spec/labels.ts";
import type { ContainerState, Current, Health, ObservedContainer, ObservedNetwork, ObservedVolume } from "./current.ts";
import type { EngineHttp } from "./engine-http.ts";

const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});

/** A list that the engine writes as null when it is empty. */
const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((value) => value ?? []);

const containers = z.array(
  z.object({
    Id: z.string(),
    Names: listOf(z.string()),
    Image: z.string(),
    ImageID: z.string(),
    Created: z.number(),
    State: z.string(),
    Status: z.string().default(""),
    Labels: labels,
    HostConfig: z.object({ NetworkMode: z.string().default("") }).prefault({}),
    NetworkSettings: z
      .object({ Networks: z.record(z.string(), z.unknown()).nullish() })
      .nullish()
      .transform((settings) => Object.keys(settings?.Networks ?? {})),
    Mounts: listOf(z.object({ Type: z.string().default(""), Name: z.string().default("") })),
  }),
);
type WireContainer = z.infer<typeof containers>[number];

const networks = z.array(z.object({ Id: z.string(), Name: z.string(), Labels: labels }));
const volumes = z.object({ Volumes: listOf(z.object({ Name: z.string(), Labels: labels })) });
const images = z.array(z.object({ Id: z.string(), RepoTags: listOf(z.string()), RepoDigests: listOf(z.string()) }));

/** Four listings, no inspections: the cost does not grow with what there is to know of each container. */
export async function observe(http: EngineHttp, signal: AbortSignal | undefined): Promise<Current> {
  const get = (path: string) => http.call({ method: "GET", path, signal });
  const [allContainers, allNetworks, allVolumes, allImages] = await Promise.all([
    get("/containers/json?all=true").then((answer) => containers.parse(answer)),
    get("/networks").then((answer) => networks.parse(answer)),
    get("/volumes").then((answer) => volumes.parse(answer).Volumes),
    get("/images/json").then((answer) => images.parse(answer)),
  ]);
  const own = allContainers.filter(isSupervised);
  return {
    containers: own.map(containerOf),
    networks: allNetworks.map(networkOf),
    volumes: allVolumes.map(volumeOf),
    images: allImages.map(({ Id, RepoTags, RepoDigests }) => ({
      id: Id,
      references: [...RepoTags, ...RepoDigests].filter((reference) => !reference.includes("<none>")),
    })),
    foreignImageIds: allContainers.filter((container) => !isSupervised(container)).map(({ ImageID }) => ImageID),
  };
}

function isSupervised({ Labels }: { readonly Labels: Readonly<Record<string, string>> }): boolean {
  return Labels[LABEL_SUPERVISED] !== undefined;
}

function containerOf(wire: WireContainer): ObservedContainer {
  const { Labels } = wire;
  return {
    id: wire.Id,
    name: (wire.Names[0] ?? "").replace(/^\//, ""),
    appId: Number(Labels[LABEL_APP_ID] ?? 0),
    appUuid: Labels[LABEL_APP_UUID] ?? "",
    service: Labels[LABEL_SERVICE_NAME] ?? "",
    serviceId: Number(Labels[LABEL_SERVICE_ID] ?? 0),
    image: wire.Image,
    imageId: wire.ImageID,
    hash: Labels[LABEL_CONFIG_HASH] ?? "",
    state: stateOf(wire.State),
    exitCode: Number(/^(?:Exited|Restarting) \((-?\d+)\)/.exec(wire.Status)?.[1] ?? 0),
    health: healthOf(wire.Status),
    createdAt: wire.Created,
    networkMode: wire.HostConfig.NetworkMode,
    networks: wire.NetworkSettings,
    volumes: wire.Mounts.filter((mount) => mount.Type === "volume").map((mount) => mount.Name),
    lockScope: lockScopeOf(Labels),
    healthWindow: healthWindow([Labels]),
    hasApiKey: hasFeature(Labels, "supervisor-api"),
    bootId: Labels[LABEL_BOOT_ID] ?? "",
  };
}

const STATES: ReadonlySet<string> = new Set<ContainerState>([
  "created",
  "running",
  "paused",
  "restarting",
  "removing",
  "exited",
  "dead",
]);

function isState(text: string): text is ContainerState {
  return STATES.has(text);
}

function stateOf(text: string): ContainerState {
  return isState(text) ? text : "dead";
}

/** The listing tells health only in words: `Up 3 minutes (healthy)`, `Up 1 second (health: starting)`. */
function healthOf(status: string): Health {
  if (status.includes("(healthy)")) return "healthy";
  if (status.includes("(unhealthy)")) return "unhealthy";
  return status.includes("(health: starting)") ? "starting" : "none";
}

function networkOf(wire: z.infer<typeof networks>[number]): ObservedNetwork {
  const appId = wire.Labels[LABEL_APP_ID];
  return {
    id: wire.Id,
    name: wire.Name,
    supervised: isSupervised(wire),
    appId: appId === undefined ? undefined : Number(appId),
    hash: wire.Labels[LABEL_CONFIG_HASH] ?? "",
  };
}

function volumeOf(wire: { readonly Name: string; readonly Labels: Record<string, string> }): ObservedVolume {
  return { name: wire.Name, supervised: isSupervised(wire), appUuid: wire.Labels[LABEL_APP_UUID] };
}
