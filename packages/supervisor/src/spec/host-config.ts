import { type ComposePort, type ComposeService, parseMemory } from "@holdfast/contracts";
import type { TargetService } from "../target/target.ts";
import type { Device, HostConfig } from "./container-body.ts";
import { hasFeature } from "./labels.ts";
import type { Mounts } from "./mounts.ts";
import type { ServiceNetworks } from "./networks-of-service.ts";

const RESTART_POLICIES = new Set(["no", "always", "on-failure", "unless-stopped"]);
const DEFAULT_SHM = "64m";
/** The engine's unit: a CPU in billionths. */
const NANO = 1e9;

/** The engine's HostConfig of a service, with the defaults and quirks of compat 4.6. */
export function hostConfigOf(service: TargetService, networks: ServiceNetworks, mounts: Mounts): HostConfig {
  const { compose } = service;
  return {
    NetworkMode: networks.mode,
    RestartPolicy: { Name: restartPolicy(compose.restart), MaximumRetryCount: 0 },
    IpcMode: compose.ipc ?? "shareable",
    ShmSize: compose.shm_size ?? parseMemory(DEFAULT_SHM),
    Binds: mounts.binds,
    ...(mounts.tmpfsMounts.length === 0 ? {} : { Mounts: mounts.tmpfsMounts }),
    ...(Object.keys(mounts.tmpfs).length === 0 ? {} : { Tmpfs: mounts.tmpfs }),
    ...portBindings(networks, compose.ports ?? []),
    ...given("Devices", compose.devices?.map(parseDevice)),
    ...(hasFeature(service.labels, "gpu") ? { DeviceRequests: [GPU] } : {}),
    ...given("Ulimits", ulimits(compose)),
    ...limits(compose),
    ...isolation(compose),
  };
}

const GPU = { Driver: "", Count: 1, DeviceIDs: [], Capabilities: [["gpu"]], Options: {} };

/** An invalid policy means `always`, as the one most likely wanted on an unattended device. */
export function restartPolicy(policy: string | undefined): string {
  return policy !== undefined && RESTART_POLICIES.has(policy) ? policy : "always";
}

function limits(compose: ComposeService): Record<string, unknown> {
  return {
    ...given("Memory", compose.mem_limit),
    ...given("MemoryReservation", compose.mem_reservation),
    ...given("NanoCpus", compose.cpus === undefined ? undefined : Math.round(compose.cpus * NANO)),
    ...given("CpuShares", compose.cpu_shares),
    ...given("CpuQuota", compose.cpu_quota),
    ...given("CpusetCpus", compose.cpuset),
    ...given("OomKillDisable", compose.oom_kill_disable),
    ...given("OomScoreAdj", compose.oom_score_adj),
    ...given("PidsLimit", compose.pids_limit),
    ...given("CgroupParent", compose.cgroup_parent),
  };
}

function isolation(compose: ComposeService): Record<string, unknown> {
  return {
    ...given("CapAdd", compose.cap_add),
    ...given("CapDrop", compose.cap_drop),
    ...given("Dns", compose.dns),
    ...given("DnsOptions", compose.dns_opt),
    ...given("DnsSearch", compose.dns_search),
    ...given("ExtraHosts", compose.extra_hosts?.map(extraHost)),
    ...given("GroupAdd", compose.group_add),
    ...given("Init", compose.init),
    ...given("PidMode", compose.pid),
    ...given("Privileged", compose.privileged),
    ...given("ReadonlyRootfs", compose.read_only),
    ...given(
      "SecurityOpt",
      compose.security_opt?.filter((option) => !/^label[=:]/.test(option)),
    ),
    ...given("Sysctls", compose.sysctls),
    ...given("UsernsMode", compose.userns_mode),
  };
}

function given<T>(field: string, value: T | undefined): Record<string, T> {
  return value === undefined ? {} : { [field]: value };
}

function ulimits(compose: ComposeService): HostConfig["Ulimits"] {
  if (compose.ulimits === undefined) return undefined;
  return Object.entries(compose.ulimits).map(([Name, { soft, hard }]) => ({ Name, Soft: soft, Hard: hard }));
}

/** `host[:container[:permissions]]`. */
function parseDevice(text: string): Device {
  const [host = "", second, third] = text.split(":");
  const permissions = third ?? (second !== undefined && /^[rwm]{1,3}$/.test(second) ? second : "rwm");
  const inside = second?.startsWith("/") ? second : host;
  return { PathOnHost: host, PathInContainer: inside, CgroupPermissions: permissions };
}

/** `host=ip` is compose's newer form of `host:ip`. */
function extraHost(entry: string): string {
  return /^[^:=]+=/.test(entry) ? entry.replace("=", ":") : entry;
}

/** Only a container with networks of its own can publish; the engine refuses ports in a shared namespace. */
function portBindings(networks: ServiceNetworks, ports: readonly ComposePort[]): Pick<HostConfig, "PortBindings"> {
  if (ports.length === 0 || networks.owner !== undefined || networks.mode === "host") return {};
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { container, protocol, host, address } of ports) {
    const key = `${container}/${protocol}`;
    const list = bindings[key] ?? [];
    list.push({ HostIp: address ?? "", HostPort: String(host) });
    bindings[key] = list;
  }
  return { PortBindings: bindings };
}
