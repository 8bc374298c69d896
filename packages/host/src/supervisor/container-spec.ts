import type { SupervisorSettings } from "../config/areas/supervisor.ts";
import { fingerprint } from "../engine/fnv64.ts";
import { confinement } from "./confinement.ts";
import type { SupervisorManifest } from "./supervisor-manifest.ts";

/** The device contract: tools look for this name. */
export const CONTAINER = "balena_supervisor";
export const SPEC_LABEL = "io.holdfast.spec";

/** Body of the engine's container-create request. */
export type ContainerSpec = Readonly<Record<string, unknown>> & { readonly Labels: Readonly<Record<string, string>> };

/** Which image is run, and which one the slot carries: the record of updates is kept by slot. */
export type Subject = Pick<SupervisorManifest, "id" | "version"> & { readonly slot: string };

/**
 * The supervisor's container for an image and a configuration. Its label holds a fingerprint of all the rest: a container with
 * another one is made anew.
 */
export function supervisorContainer(subject: Subject, settings: SupervisorSettings): ContainerSpec {
  const spec = {
    Image: subject.id,
    Env: [
      `LISTEN_PORT=${settings.port}`,
      `SUPERVISOR_VERSION=${subject.version}`,
      `SUPERVISOR_IMAGE=${subject.id}`,
      `SUPERVISOR_SLOT_IMAGE=${subject.slot}`,
      "DOCKER_SOCKET=/var/run/balena-engine.sock",
      "CONFIG_JSON_PATH=/mnt/boot/config.json",
      "DEVICE_TYPE_PATH=/mnt/boot/device-type.json",
      "APPS_JSON_PATH=/mnt/data/apps.json",
      "OS_RELEASE_PATH=/mnt/root/etc/os-release",
      ...Object.entries(settings.environment).map(([name, value]) => `${name}=${value}`),
    ],
    StopTimeout: 20,
    HostConfig: {
      ...confinement(),
      NetworkMode: "host",
      // Memory is reserved and the OOM killer held off where it counts: in the container's own control group.
      CgroupParent: "holdfast-supervisor.slice",
      OomScoreAdj: -500,
      RestartPolicy: { Name: "no" },
      LogConfig: { Type: "journald", Config: { tag: CONTAINER } },
    },
  };
  return { ...spec, Labels: { [SPEC_LABEL]: fingerprint(JSON.stringify(spec)) } };
}
