import type { ComposeNetwork } from "@holdfast/contracts";
import { SUPERVISOR_NETWORK } from "../target/from-wire.ts";
import type { TargetApp } from "../target/target.ts";
import { configHash } from "./config-hash.ts";
import type { NetworkBody, VolumeBody } from "./container-body.ts";
import { SUPERVISOR_GATEWAY } from "./device-facts.ts";
import { hasFeature, LABEL_APP_ID, LABEL_APP_UUID, LABEL_CONFIG_HASH, LABEL_SUPERVISED } from "./labels.ts";
import { EXTRA_FIRMWARE_VOLUME, networkName, volumeName } from "./names.ts";

export type NetworkSpec = { readonly name: string; readonly hash: string; readonly body: NetworkBody };
export type VolumeSpec = { readonly name: string; readonly body: VolumeBody };

/** All networks of an app as the engine should have them. */
export function networkSpecs(app: TargetApp): NetworkSpec[] {
  return Object.entries(app.networks).map(([name, network]) => {
    const unused = name === "default" && app.services.length > 0 && app.services.every(usesHostNetwork);
    return withHash(networkBody(app, name, unused ? { ...network, config_only: true } : network));
  });
}

/** One volume for the whole device, where the host looks for firmware. Without labels: no app takes it along. */
const EXTRA_FIRMWARE: VolumeSpec = {
  name: EXTRA_FIRMWARE_VOLUME,
  body: { Name: EXTRA_FIRMWARE_VOLUME, Driver: "local", DriverOpts: {}, Labels: {} },
};

/** All named volumes of an app as the engine should have them. */
export function volumeSpecs(app: TargetApp): VolumeSpec[] {
  const device = app.services.some(({ labels }) => hasFeature(labels, "extra-firmware")) ? [EXTRA_FIRMWARE] : [];
  const own = Object.entries(app.volumes).map(([name, volume]) => ({
    name: volumeName(app.id, name),
    body: {
      Name: volumeName(app.id, name),
      Driver: volume.driver,
      DriverOpts: volume.driver_opts,
      Labels: { ...volume.labels, [LABEL_SUPERVISED]: "true", [LABEL_APP_UUID]: app.uuid },
    },
  }));
  return [...own, ...device];
}

/** The device's own network, on which labelled services reach the device API. */
export function supervisorNetwork(): NetworkSpec {
  return withHash({
    Name: SUPERVISOR_NETWORK,
    CheckDuplicate: true,
    Driver: "bridge",
    Internal: false,
    EnableIPv6: false,
    ConfigOnly: false,
    IPAM: { Driver: "default", Config: [{ Subnet: "10.114.104.0/25", Gateway: SUPERVISOR_GATEWAY }], Options: {} },
    Options: { "com.docker.network.bridge.name": SUPERVISOR_NETWORK },
    Labels: {},
  });
}

function usesHostNetwork(service: TargetApp["services"][number]): boolean {
  return service.compose.network_mode === "host";
}

function networkBody(app: TargetApp, name: string, network: ComposeNetwork): NetworkBody {
  const pools = network.ipam.config.map((pool) => ({
    ...(pool.subnet === undefined ? {} : { Subnet: pool.subnet }),
    ...(pool.ip_range === undefined ? {} : { IPRange: pool.ip_range }),
    ...(pool.gateway === undefined ? {} : { Gateway: pool.gateway }),
    ...(pool.aux_addresses === undefined ? {} : { AuxiliaryAddresses: pool.aux_addresses }),
  }));
  return {
    Name: networkName(app.uuid, name),
    CheckDuplicate: true,
    Driver: network.driver,
    Internal: network.internal,
    EnableIPv6: network.enable_ipv6,
    ConfigOnly: network.config_only,
    IPAM: { Driver: network.ipam.driver, Config: pools, Options: network.ipam.options },
    Options: network.driver_opts,
    Labels: {
      ...network.labels,
      [LABEL_SUPERVISED]: "true",
      [LABEL_APP_ID]: String(app.id),
      ...(pools.length === 0 ? {} : { "io.balena.private.ipam.config": "true" }),
    },
  };
}

function withHash(body: NetworkBody): NetworkSpec {
  const hash = configHash(body);
  return { name: body.Name, hash, body: { ...body, Labels: { ...body.Labels, [LABEL_CONFIG_HASH]: hash } } };
}
