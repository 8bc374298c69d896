import type { ComposeNetworkAttachment } from "@holdfast/contracts";
import { SUPERVISOR_NETWORK } from "../target/from-wire.ts";
import type { TargetApp, TargetService } from "../target/target.ts";
import type { Endpoint } from "./container-body.ts";
import { hasFeature } from "./labels.ts";
import { networkName } from "./names.ts";

/** How a service reaches the network. `owner` is the service whose namespace it shares. */
export type ServiceNetworks = {
  /** The engine's NetworkMode; for a shared namespace the effect fills in the owner's container. */
  readonly mode: string;
  readonly owner?: string;
  /** Engine name of each network to join, the first is the mode's. */
  readonly endpoints: readonly { readonly network: string; readonly endpoint: Endpoint }[];
};

const WITHOUT_NETWORKS = new Set(["host", "none", "bridge"]);

/** Where a service is attached: compat 4.6 (`networks`, `network_mode`) and 4.2 (`supervisor0`). */
export function networksOfService(app: TargetApp, service: TargetService): ServiceNetworks {
  const mode = service.compose.network_mode;
  if (mode?.startsWith("service:") === true) return { mode, owner: mode.slice("service:".length), endpoints: [] };
  const supervisor = hasFeature(service.labels, "supervisor-api")
    ? [{ network: SUPERVISOR_NETWORK, endpoint: {} }]
    : [];
  if (mode !== undefined && WITHOUT_NETWORKS.has(mode)) {
    return { mode, endpoints: mode === "bridge" ? supervisor : [] };
  }
  const joined = Object.entries(service.compose.networks ?? {});
  const names = joined.length > 0 ? joined : ([[mode ?? "default", {}]] as const);
  const own = names.map(([name, attachment]) => ({
    network: networkName(app.uuid, name),
    endpoint: endpointOf(service.name, attachment),
  }));
  return { mode: own[0]?.network ?? "none", endpoints: [...own, ...supervisor] };
}

function endpointOf(service: string, attachment: ComposeNetworkAttachment): Endpoint {
  const ipam = {
    ...(attachment.ipv4_address === undefined ? {} : { IPv4Address: attachment.ipv4_address }),
    ...(attachment.ipv6_address === undefined ? {} : { IPv6Address: attachment.ipv6_address }),
    ...(attachment.link_local_ips === undefined ? {} : { LinkLocalIPs: attachment.link_local_ips }),
  };
  return {
    Aliases: [...new Set([service, ...(attachment.aliases ?? [])])],
    ...(Object.keys(ipam).length === 0 ? {} : { IPAMConfig: ipam }),
  };
}
