import {
  type BuildMount,
  buildMountsOf,
  type JsonObject,
  readJsonObject,
  withCgroupParent,
} from "@holdfast/contracts/host";
import type { Machine } from "../machine/machine.ts";

/** Where the engine puts containers unless told otherwise: with systemd's cgroups (daemon.json), and with its own. */
const DEFAULT_PARENTS = { systemd: "apps.slice", plain: "/docker" };

/**
 * Adds the mounts that a build asked for to the description (OCI config.json) of one of its containers, and gives the
 * container its usual cgroup back. The arguments are those of the runtime. Other containers stay as they are.
 * @throws Error when the description cannot be written; the container must not start without its mounts
 */
export function addBuildMounts(machine: Machine, args: readonly string[]): number {
  const bundle = bundleOf(args);
  if (bundle === undefined) return 0;
  const file = `${bundle}/config.json`;
  const text = machine.readText(file) ?? "";
  // Descriptions are some 20 kB: most need not be parsed.
  if (!text.includes("holdfast-build-")) return 0;
  const spec = withBuildMounts(readJsonObject(text));
  if (spec !== undefined) machine.writeText(file, JSON.stringify(spec), 0o600);
  return 0;
}

/** The value of `--bundle`, in either of its forms. Pure. */
function bundleOf(args: readonly string[]): string | undefined {
  const at = args.findIndex((arg) => arg === "--bundle" || arg === "-b");
  if (at >= 0) return args[at + 1];
  return args.find((arg) => arg.startsWith("--bundle="))?.slice("--bundle=".length);
}

/** The description with the mounts that its cgroup's path carries; undefined when there are none. Pure. */
function withBuildMounts(spec: JsonObject): JsonObject | undefined {
  const linux = readJsonObject(JSON.stringify(spec["linux"]));
  const { cgroupsPath } = linux;
  if (typeof cgroupsPath !== "string") return undefined;
  const asked = buildMountsOf(cgroupsPath);
  if (asked === undefined) return undefined;
  const usual = cgroupsPath.includes(":") ? DEFAULT_PARENTS.systemd : DEFAULT_PARENTS.plain;
  const had = Array.isArray(spec["mounts"]) ? spec["mounts"] : [];
  return {
    ...spec,
    mounts: [...had, ...asked.mounts.map(bind)],
    linux: { ...linux, cgroupsPath: withCgroupParent(cgroupsPath, asked.cgroupParent ?? usual) },
  };
}

/** As the engine itself describes a bind. */
function bind({ source, destination, isReadOnly }: BuildMount): JsonObject {
  return { destination, type: "bind", source, options: ["rbind", isReadOnly ? "ro" : "rw", "rprivate"] };
}
