import type { TargetApp, TargetService } from "../target/target.ts";
import type { TmpfsMount } from "./container-body.ts";
import type { DeviceFacts } from "./device-facts.ts";
import { hasFeature } from "./labels.ts";
import { EXTRA_FIRMWARE_VOLUME, serviceDirectory, volumeName } from "./names.ts";

export type Mounts = {
  readonly binds: readonly string[];
  /** Paths that get an anonymous volume. */
  readonly anonymous: readonly string[];
  /** Path -> mount options, of the short form `tmpfs`. */
  readonly tmpfs: Readonly<Record<string, string>>;
  readonly tmpfsMounts: readonly TmpfsMount[];
};

/** Everything mounted into a container: compat 4.2, what labels ask for (4.3), and the composition's volumes. */
export function mountsOf(app: TargetApp, service: TargetService, facts: DeviceFacts): Mounts {
  const directory = serviceDirectory(facts.runtimeDir, app.id, service.name);
  const binds = [`${directory}:/tmp/resin`, `${directory}:/tmp/balena`, ...bindsOfFeatures(service, facts)];
  const anonymous: string[] = [];
  const tmpfsMounts: TmpfsMount[] = [];
  for (const volume of service.compose.volumes ?? []) {
    if (volume.kind === "named") {
      binds.push(`${volumeName(app.id, volume.name)}:${volume.path}${volume.readOnly ? ":ro" : ""}`);
    } else if (volume.kind === "anonymous") anonymous.push(volume.path);
    else if (volume.kind === "tmpfs") {
      const { path, size, mode } = volume;
      const options = {
        ...(size === undefined ? {} : { SizeBytes: size }),
        ...(mode === undefined ? {} : { Mode: mode }),
      };
      tmpfsMounts.push({ Type: "tmpfs", Target: path, TmpfsOptions: options });
    }
  }
  const tmpfs: Record<string, string> = {};
  for (const entry of service.compose.tmpfs ?? []) {
    const [path = "", ...options] = entry.split(":");
    tmpfs[path] = options.join(":");
  }
  return { binds, anonymous, tmpfs, tmpfsMounts };
}

function bindsOfFeatures({ labels }: TargetService, facts: DeviceFacts): string[] {
  const binds: string[] = [];
  if (hasFeature(labels, "journal-logs")) {
    for (const path of ["/var/log/journal", "/run/log/journal", "/etc/machine-id"]) binds.push(`${path}:${path}:ro`);
  }
  if (hasFeature(labels, "dbus")) binds.push("/run/dbus:/host/run/dbus");
  if (hasFeature(labels, "kernel-modules") && facts.hasKernelModules) binds.push("/lib/modules:/lib/modules");
  if (hasFeature(labels, "firmware") && facts.hasFirmware) binds.push("/lib/firmware:/lib/firmware");
  if (hasFeature(labels, "balena-socket")) {
    const inside = new Set(["/host/run/balena-engine.sock", facts.engineSocket, "/var/run/balena.sock"]);
    for (const path of inside) binds.push(`${facts.engineSocket}:${path}`);
  }
  if (hasFeature(labels, "sysfs")) binds.push("/sys:/sys");
  if (hasFeature(labels, "procfs")) binds.push("/proc:/proc");
  if (hasFeature(labels, "extra-firmware")) binds.push(`${EXTRA_FIRMWARE_VOLUME}:/extra-firmware`);
  return binds;
}
