import type { ComposeService, DependencyCondition } from "@holdfast/contracts";
import { dependenciesOf } from "../target/dependencies.ts";
import type { TargetApp, TargetService } from "../target/target.ts";
import { configHash } from "./config-hash.ts";
import type { ContainerBody, Endpoint, Healthcheck } from "./container-body.ts";
import type { DeviceFacts } from "./device-facts.ts";
import { environmentOf, NOT_COMPARED } from "./environment.ts";
import { hostConfigOf, restartPolicy } from "./host-config.ts";
import {
  hasFeature,
  isFalsy,
  isTruthy,
  LABEL_APP_ID,
  LABEL_APP_UUID,
  LABEL_BOOT_ID,
  LABEL_CONFIG_HASH,
  LABEL_HEALTH_RESTART,
  LABEL_REQUIRES_REBOOT,
  LABEL_SERVICE_ID,
  LABEL_SERVICE_NAME,
  LABEL_SUPERVISED,
} from "./labels.ts";
import { mountsOf } from "./mounts.ts";
import { containerName } from "./names.ts";
import { networksOfService } from "./networks-of-service.ts";
import { handoverTimeout, type Strategy, strategyOf } from "./strategy.ts";

/** All that is needed to make, compare and start the container of one service. */
export type ContainerSpec = {
  readonly appId: number;
  readonly service: string;
  readonly name: string;
  readonly image: string;
  readonly hash: string;
  readonly body: ContainerBody;
  /** Networks beyond the first: the pinned API takes one at creation, the rest are joined before the start. */
  readonly furtherNetworks: readonly { readonly network: string; readonly endpoint: Endpoint }[];
  /** The service whose network namespace is shared; its container's id belongs into NetworkMode. */
  readonly networkOwner?: string;
  readonly dependencies: Readonly<Record<string, DependencyCondition>>;
  readonly running: boolean;
  readonly restart: string;
  readonly strategy: Strategy;
  readonly handoverMs: number;
  /** A key of its own for the device API is to be put into the environment at creation. */
  readonly wantsApiKey: boolean;
  /** An unhealthy container is restarted. */
  readonly restartsUnhealthy: boolean;
  /** Set for a service whose containers start in a later boot than the one that made them: the present boot. */
  readonly startsAfterBoot?: string;
};

const DEFAULT_STOP_SECONDS = 10;
const NANOSECONDS = 1e9;

/** From a service of the target to the engine's create request; pure, deterministic. */
export function containerSpec(app: TargetApp, service: TargetService, facts: DeviceFacts): ContainerSpec {
  const networks = networksOfService(app, service);
  const mounts = mountsOf(app, service, facts);
  const environment = environmentOf(app, service, facts);
  const [first, ...furtherNetworks] = networks.endpoints;
  const hostname = service.compose.hostname ?? (networks.mode === "host" ? facts.hostname : undefined);
  const body: ContainerBody = {
    Image: service.image,
    Env: listOf(environment),
    Labels: labelsOf(app, service),
    ...process(service.compose),
    ...(hostname === undefined ? {} : { Hostname: hostname }),
    ...exposedPorts(service.compose),
    ...(mounts.anonymous.length === 0
      ? {}
      : { Volumes: Object.fromEntries(mounts.anonymous.map((path) => [path, {}])) }),
    HostConfig: hostConfigOf(service, networks, mounts),
    ...(first === undefined ? {} : { NetworkingConfig: { EndpointsConfig: { [first.network]: first.endpoint } } }),
  };
  const hash = hashOf(body, networks.endpoints, environment);
  const afterBoot = isTruthy(service.labels[LABEL_REQUIRES_REBOOT]) ? facts.bootId : undefined;
  const bootLabel = afterBoot === undefined ? {} : { [LABEL_BOOT_ID]: afterBoot };
  return {
    appId: app.id,
    service: service.name,
    name: containerName(service.name, { imageId: service.imageId, releaseId: app.releaseId, commit: app.commit }),
    image: service.image,
    hash,
    // What is added here is not compared: a container is not another one because the device booted.
    body: { ...body, Labels: { ...body.Labels, ...bootLabel, [LABEL_CONFIG_HASH]: hash } },
    furtherNetworks,
    ...(networks.owner === undefined ? {} : { networkOwner: networks.owner }),
    dependencies: dependenciesOf(service),
    running: service.running,
    restart: restartPolicy(service.compose.restart),
    strategy: strategyOf(service.labels),
    handoverMs: handoverTimeout(service.labels),
    wantsApiKey: hasFeature(service.labels, "supervisor-api"),
    restartsUnhealthy: !isFalsy(service.labels[LABEL_HEALTH_RESTART]),
    ...(afterBoot === undefined ? {} : { startsAfterBoot: afterBoot }),
  };
}

/** What is not compared: the image (by its id, see the planner), names at creation, the order of networks. */
function hashOf(
  body: ContainerBody,
  endpoints: readonly { readonly network: string; readonly endpoint: Endpoint }[],
  environment: Readonly<Record<string, string>>,
): string {
  const compared = Object.fromEntries(Object.entries(environment).filter(([name]) => !NOT_COMPARED.includes(name)));
  const { NetworkMode, ...host } = body.HostConfig;
  const mode = endpoints.length === 0 ? NetworkMode : "";
  const networks = Object.fromEntries(endpoints.map(({ network, endpoint }) => [network, endpoint]));
  const { Image: _image, Env: _env, NetworkingConfig: _networking, ...rest } = body;
  return configHash({ ...rest, HostConfig: host, mode, networks, environment: compared });
}

function listOf(environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment)
    .map(([name, value]) => `${name}=${value}`)
    .sort();
}

function labelsOf(app: TargetApp, service: TargetService): Record<string, string> {
  return {
    ...service.labels,
    [LABEL_SUPERVISED]: "true",
    [LABEL_APP_ID]: String(app.id),
    [LABEL_APP_UUID]: app.uuid,
    [LABEL_SERVICE_ID]: String(service.id),
    [LABEL_SERVICE_NAME]: service.name,
  };
}

type Process = Pick<
  ContainerBody,
  | "Tty"
  | "StopSignal"
  | "StopTimeout"
  | "Cmd"
  | "Entrypoint"
  | "Domainname"
  | "User"
  | "WorkingDir"
  | "MacAddress"
  | "Healthcheck"
>;

function process(compose: ComposeService): Process {
  const grace = compose.stop_grace_period;
  return {
    Tty: compose.tty ?? true,
    StopSignal: compose.stop_signal ?? "SIGTERM",
    StopTimeout: grace === undefined ? DEFAULT_STOP_SECONDS : Math.ceil(grace / NANOSECONDS),
    ...(compose.command === undefined ? {} : { Cmd: compose.command }),
    ...(compose.entrypoint === undefined ? {} : { Entrypoint: compose.entrypoint }),
    ...(compose.domainname === undefined ? {} : { Domainname: compose.domainname }),
    ...(compose.user === undefined ? {} : { User: compose.user }),
    ...(compose.working_dir === undefined ? {} : { WorkingDir: compose.working_dir }),
    ...(compose.mac_address === undefined ? {} : { MacAddress: compose.mac_address }),
    ...(compose.healthcheck === undefined ? {} : { Healthcheck: healthcheckOf(compose.healthcheck) }),
  };
}

function healthcheckOf(check: NonNullable<ComposeService["healthcheck"]>): Healthcheck {
  if (check.disable === true) return { Test: ["NONE"] };
  return {
    ...(check.test === undefined ? {} : { Test: check.test }),
    ...(check.interval === undefined ? {} : { Interval: check.interval }),
    ...(check.timeout === undefined ? {} : { Timeout: check.timeout }),
    ...(check.start_period === undefined ? {} : { StartPeriod: check.start_period }),
    ...(check.retries === undefined ? {} : { Retries: check.retries }),
  };
}

function exposedPorts(compose: ComposeService): Pick<ContainerBody, "ExposedPorts"> {
  const ports = compose.ports ?? [];
  if (ports.length === 0) return {};
  return { ExposedPorts: Object.fromEntries(ports.map((port) => [`${port.container}/${port.protocol}`, {}])) };
}
