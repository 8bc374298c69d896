import { askEngine, readAnswer } from "../engine/engine-api.ts";
import { exists, type Machine } from "../machine/machine.ts";
import type { SupervisorManifest } from "./supervisor-manifest.ts";

/** On every supervisor image: its version. */
export const VERSION_LABEL = "io.holdfast.supervisor";

/** What the engine says of an image. */
export type ImageAnswer = {
  readonly Id: string;
  readonly Architecture?: string;
  readonly Config?: { readonly Labels: Readonly<Record<string, string>> | null } | null;
  readonly GraphDriver: { readonly Data: { readonly UpperDir?: string; readonly LowerDir?: string } | null };
};

export type ImageState = "good" | "absent" | "damaged";

/** Diff directories of an image's layers, top first. */
function layerDirectories(answer: ImageAnswer): readonly string[] {
  const { UpperDir = "", LowerDir = "" } = answer.GraphDriver.Data ?? {};
  return [UpperDir, ...LowerDir.split(":")].filter((directory) => directory !== "");
}

/** Digests that `sha256sum` printed, by path. */
function parseDigests(output: string): ReadonlyMap<string, string> {
  return new Map(
    output.split("\n").flatMap((line): [string, string][] => {
      const match = /^([0-9a-f]{64}) [ *](.+)$/.exec(line);
      return match?.[1] !== undefined && match[2] !== undefined ? [[match[2], match[1]]] : [];
    }),
  );
}

/** SHA-256 of files of an image, by their paths in it; of those that are in the engine's store and can be read. */
export function hashImageFiles(
  machine: Machine,
  image: ImageAnswer,
  paths: readonly string[],
): ReadonlyMap<string, string> {
  const directories = layerDirectories(image);
  const places = paths.flatMap((path) => {
    const directory = directories.find((candidate) => exists(machine, candidate + path));
    return directory === undefined ? [] : [{ path, at: directory + path }];
  });
  if (places.length === 0) return new Map();
  const digests = parseDigests(machine.run(["sha256sum", "--", ...places.map(({ at }) => at)]).output);
  return new Map(
    places.flatMap(({ path, at }): [string, string][] => {
      const digest = digests.get(at);
      return digest === undefined ? [] : [[path, digest]];
    }),
  );
}

/**
 * Compares the supervisor's critical files in the engine's store with the slot's list. An engine that lists an image
 * may have lost its bytes in a power cut, and reports nothing. Costs one read of about 110 MB that starting needs anyway.
 */
export function checkImage(machine: Machine, manifest: SupervisorManifest): ImageState {
  const image = readAnswer<ImageAnswer>(askEngine(machine, { path: `/images/${manifest.id}/json` }));
  if (image === undefined) return "absent";
  const digests = hashImageFiles(machine, image, Object.keys(manifest.files));
  const wrong = Object.entries(manifest.files).find(([path, digest]) => digests.get(path) !== digest);
  if (wrong === undefined) return "good";
  machine.log(`supervisor image: ${wrong[0]} is ${digests.has(wrong[0]) ? "damaged" : "missing"}`);
  return "damaged";
}
