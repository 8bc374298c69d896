import { readJsonObject } from "./json-object.ts";

/** A directory or file of the device that the steps of a build see. */
export type BuildMount = { readonly source: string; readonly destination: string; readonly isReadOnly: boolean };

/** What the steps of one build are given beyond what the engine can give them. */
export type BuildMounts = {
  readonly mounts: readonly BuildMount[];
  /** The parent of their cgroups that the client asked for; undefined: the engine's default. */
  readonly cgroupParent?: string;
};

/** Ends like a slice: the engine takes nothing else when systemd keeps its cgroups. */
const NAME = /(?:^|\/)holdfast-build-([0-9a-f]+)\.slice(?=[:/]|$)/;
const DIGITS = 4;

/**
 * The mounts of a build as a name for the parent of its cgroups: the one thing of a build that the engine hands on to the
 * runtime and that leaves no trace in images, their history or the cache of steps. No cgroup of that name is ever made. Pure.
 */
export function nameBuildMounts(mounts: BuildMounts): string {
  const text = JSON.stringify(mounts);
  let digits = "";
  for (let at = 0; at < text.length; at += 1) digits += text.charCodeAt(at).toString(16).padStart(DIGITS, "0");
  return `holdfast-build-${digits}.slice`;
}

/** The mounts that the path of a container's cgroup carries; undefined when it carries none. Never throws. Pure. */
export function buildMountsOf(cgroupPath: string): BuildMounts | undefined {
  const digits = NAME.exec(cgroupPath)?.[1];
  if (digits === undefined) return undefined;
  let text = "";
  for (let at = 0; at < digits.length; at += DIGITS) {
    text += String.fromCharCode(Number.parseInt(digits.slice(at, at + DIGITS), 16));
  }
  const { mounts, cgroupParent } = readJsonObject(text);
  if (!Array.isArray(mounts)) return undefined;
  const known = mounts.filter(isMount);
  return known.length < mounts.length
    ? undefined
    : { mounts: known, ...(typeof cgroupParent === "string" ? { cgroupParent } : {}) };
}

/** The path of a cgroup with another parent in place of the one that carries mounts. Pure. */
export function withCgroupParent(cgroupPath: string, parent: string): string {
  return cgroupPath.replace(NAME, (found) =>
    found.startsWith("/") && !parent.startsWith("/") ? `/${parent}` : parent,
  );
}

function isMount(value: unknown): value is BuildMount {
  if (typeof value !== "object" || value === null) return false;
  if (!("source" in value && "destination" in value && "isReadOnly" in value)) return false;
  const isPath = (path: unknown): boolean => typeof path === "string" && path.startsWith("/");
  return isPath(value.source) && isPath(value.destination) && typeof value.isReadOnly === "boolean";
}
