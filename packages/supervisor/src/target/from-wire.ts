import {
  type ComposeNetwork,
  type ComposeVolumeDefinition,
  composeNetworkSchema,
  composeServiceSchema,
  composeVolumeDefinitionSchema,
  parseWire,
  refuse,
  splitCompose,
  type WireApp,
  type WireApps,
  type WireRelease,
  type WireService,
} from "@holdfast/contracts";
import { configHash } from "../spec/config-hash.ts";
import { checkDependencies } from "./dependencies.ts";
import { oddVariables } from "./odd-variables.ts";
import { portConflicts } from "./port-conflicts.ts";
import { rewriteLabels } from "./rewrite-labels.ts";
import type { Target, TargetApp, TargetService } from "./target.ts";

/** Apps whose containers the host starts, not the app planner (compat 5.2). */
export const SUPERVISOR_APPS = new Set([
  "52e35121417640b1b28a680504e4039b",
  "900de4f3cbac4b9bbd232885a35e407b",
  "2e66a95795c149959c69472a8c2f92b8",
  "531b357e155c480cbec0fdd33041a1f5",
  "6822565f766e413e96d9bebe2227cdcc",
]);

/**
 * Translates the apps of a target state into Holdfast's own nouns: compositions parsed, defaults of compose applied,
 * unknown fields and bind mounts dropped with a warning. Host apps and the supervisor's own app are left out.
 * @throws HoldfastError `supervisor.invalid-target` naming app, service and field; also for cycles in depends_on.
 */
export function targetFromWire(apps: WireApps): Target {
  const warnings: string[] = [];
  const translated: TargetApp[] = [];
  for (const [uuid, app] of Object.entries(apps)) {
    if (!isPlanned(uuid, app)) continue;
    translated.push(translateApp(uuid, app, warnings));
  }
  checkAppIds(translated);
  translated.sort((a, b) => a.id - b.id || (a.uuid < b.uuid ? -1 : 1));
  warnings.push(...portConflicts(translated));
  return { apps: translated, warnings, spareImages: [], prefetch: [] };
}

/** Containers and volumes are told apart by their app's number: two apps with one would take each other's away. */
function checkAppIds(apps: readonly TargetApp[]): void {
  const names = new Map<number, string>();
  for (const { id, uuid } of apps) {
    const other = names.get(id);
    if (other !== undefined)
      refuse("supervisor.invalid-target", { message: `The apps ${other} and ${uuid} have the same id, ${id}.` });
    names.set(id, uuid);
  }
}

/** Apps of the target that this planner runs: not the host's, not the supervisor's own. */
export function isPlanned(uuid: string, app: WireApp): boolean {
  return !app.is_host && !SUPERVISOR_APPS.has(uuid);
}

/** Tells contents of an app's release apart. */
export function fingerprintOf(app: WireApp): string {
  return configHash(app.releases);
}

function translateApp(uuid: string, app: WireApp, warnings: string[]): TargetApp {
  const { id, name } = app;
  const fingerprint = fingerprintOf(app);
  const [commit, release] = Object.entries(app.releases)[0] ?? [];
  if (commit === undefined || release === undefined) {
    return { id, uuid, name, commit: "", releaseId: 0, services: [], networks: {}, volumes: {}, fingerprint, wire: {} };
  }
  const networks = translateNetworks(name, release);
  const services = Object.entries(release.services)
    .map(([service, wire]) => translateService({ app: name, service, wire, warnings }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const volumes: Record<string, ComposeVolumeDefinition> = {};
  for (const [volume, definition] of Object.entries(release.volumes)) {
    volumes[volume] = parseWire(composeVolumeDefinitionSchema, definition, `app ${name}, volume ${volume}`);
  }
  const known = services.map((service) => keepKnownNames(service, { networks, volumes, warnings }));
  return {
    id,
    uuid,
    name,
    commit,
    releaseId: release.id,
    services: checkDependencies(name, known, warnings),
    networks,
    volumes,
    fingerprint,
    wire: app.releases,
  };
}

function translateNetworks(app: string, release: WireRelease): Record<string, ComposeNetwork> {
  const networks: Record<string, ComposeNetwork> = {};
  for (const [network, definition] of Object.entries({ default: {}, ...release.networks })) {
    networks[network] = parseWire(composeNetworkSchema, definition, `app ${app}, network ${network}`);
  }
  return networks;
}

type ServiceInput = {
  readonly app: string;
  readonly service: string;
  readonly wire: WireService;
  readonly warnings: string[];
};

function translateService({ app, service, wire, warnings }: ServiceInput): TargetService {
  const { accepted, ignored } = splitCompose(wire.composition);
  if (ignored.length > 0) {
    warnings.push(`${service}: Ignoring unsupported or unknown compose fields: ${ignored.join(", ")}`);
  }
  const compose = parseWire(composeServiceSchema, accepted, `app ${app}, service ${service}`);
  const volumes = compose.volumes?.filter((volume) => {
    if (volume.kind === "ignored") warnings.push(`${service}: Ignoring invalid bind mount ${volume.definition}`);
    return volume.kind !== "ignored";
  });
  if (compose.network_mode?.startsWith("container:") === true) {
    warnings.push(`${service}: Ignoring network_mode ${compose.network_mode}: use service:<name>`);
    delete compose.network_mode;
  }
  warnings.push(...oddVariables(service, wire.environment));
  return {
    name: service,
    id: wire.id,
    imageId: wire.image_id,
    image: wire.image,
    running: wire.running,
    environment: wire.environment,
    labels: rewriteLabels(wire.labels),
    compose: volumes === undefined ? compose : { ...compose, volumes },
  };
}

type Known = {
  readonly networks: Readonly<Record<string, ComposeNetwork>>;
  readonly volumes: Record<string, ComposeVolumeDefinition>;
  readonly warnings: string[];
};

/** A network nobody defines cannot be joined: dropped. A volume nobody defines is made with defaults. */
function keepKnownNames(service: TargetService, known: Known): TargetService {
  for (const volume of service.compose.volumes ?? []) {
    if (volume.kind === "named" && !Object.hasOwn(known.volumes, volume.name)) {
      known.volumes[volume.name] = { driver: "local", driver_opts: {}, labels: {} };
      known.warnings.push(`${service.name}: volume ${volume.name} is not defined; it is made with defaults`);
    }
  }
  const mode = service.compose.network_mode;
  if (mode !== undefined && !isModeOfEngine(mode) && !Object.hasOwn(known.networks, mode)) {
    known.warnings.push(`${service.name}: network_mode ${mode} is not defined; the default network is joined`);
    const { network_mode: _, ...compose } = service.compose;
    return keepKnownNames({ ...service, compose }, known);
  }
  if (service.compose.networks === undefined) return service;
  const networks = Object.fromEntries(
    Object.entries(service.compose.networks).filter(([network]) => {
      const defined = Object.hasOwn(known.networks, network);
      if (!defined && network !== SUPERVISOR_NETWORK) {
        known.warnings.push(`${service.name}: network ${network} is not defined; it is not joined`);
      }
      return defined;
    }),
  );
  return { ...service, compose: { ...service.compose, networks } };
}

const isModeOfEngine = (mode: string): boolean => /^(host|none|bridge|service:.+)$/.test(mode);

/** The engine network on which the device API can be reached; joined by label only (compat 4.2). */
export const SUPERVISOR_NETWORK = "supervisor0";
