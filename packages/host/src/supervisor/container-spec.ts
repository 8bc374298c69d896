import type { SupervisorSettings } from "../config/areas/supervisor.ts";
import { fingerprint } from "../engine/fnv64.ts";
import type { SupervisorManifest } from "./supervisor-manifest.ts";

/** The device contract: tools look for this name. */
export const CONTAINER = "balena_supervisor";
export const SPEC_LABEL = "io.holdfast.spec";

/** Host path -> path in the container. The engine's socket is kept by systemd, so its file outlives the engine. */
const BINDS = [
  "/run/balena-engine.sock:/var/run/balena-engine.sock",
  "/mnt/boot:/mnt/boot",
  "/mnt/data:/mnt/data:rslave",
  "/mnt/state:/mnt/state",
  "/tmp/balena-supervisor:/tmp/balena-supervisor",
  "/run/dbus:/run/dbus",
  "/:/mnt/root:ro,rslave",
  "/mnt/data/resin-data/balena-supervisor:/data",
];

/** Body of the engine's container-create request. */
export type ContainerSpec = Readonly<Record<string, unknown>> & { readonly Labels: Readonly<Record<string, string>> };

/**
 * The supervisor's container for this slot and configuration. Its label holds a fingerprint of all the rest: a container with
 * another one is made anew.
 */
export function supervisorContainer(manifest: SupervisorManifest, settings: SupervisorSettings): ContainerSpec {
  const spec = {
    Image: manifest.id,
    Env: [
      `LISTEN_PORT=${settings.port}`,
      `SUPERVISOR_VERSION=${manifest.version}`,
      "DOCKER_SOCKET=/var/run/balena-engine.sock",
      "CONFIG_JSON_PATH=/mnt/boot/config.json",
      "DEVICE_TYPE_PATH=/mnt/boot/device-type.json",
      "APPS_JSON_PATH=/mnt/data/apps.json",
      "OS_RELEASE_PATH=/mnt/root/etc/os-release",
      ...Object.entries(settings.environment).map(([name, value]) => `${name}=${value}`),
    ],
    StopTimeout: 20,
    HostConfig: {
      Binds: BINDS,
      NetworkMode: "host",
      Privileged: true,
      // Memory is reserved and the OOM killer held off where it counts: in the container's own control group.
      CgroupParent: "holdfast-supervisor.slice",
      OomScoreAdj: -500,
      RestartPolicy: { Name: "no" },
      LogConfig: { Type: "journald", Config: { tag: CONTAINER } },
    },
  };
  return { ...spec, Labels: { [SPEC_LABEL]: fingerprint(JSON.stringify(spec)) } };
}
