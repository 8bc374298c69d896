import { askEngine, readAnswer } from "../engine/engine-api.ts";
import { exists, type Machine } from "../machine/machine.ts";
import type { SupervisorManifest } from "./supervisor-manifest.ts";

type ImageAnswer = {
  readonly Id: string;
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

/**
 * Compares the supervisor's critical files in the engine's store with the slot's list. An engine that lists an image
 * may have lost its bytes in a power cut, and reports nothing. Costs one read of about 110 MB that starting needs anyway.
 */
export function checkImage(machine: Machine, manifest: SupervisorManifest): ImageState {
  const image = readAnswer<ImageAnswer>(askEngine(machine, { path: `/images/${manifest.id}/json` }));
  if (image === undefined) return "absent";
  const directories = layerDirectories(image);
  const places = Object.keys(manifest.files).map((path) => {
    const at = directories.find((directory) => exists(machine, directory + path));
    return { path, at: at === undefined ? undefined : at + path };
  });
  const missing = places.find(({ at }) => at === undefined);
  if (missing !== undefined) {
    machine.log(`supervisor image: ${missing.path} is missing`);
    return "damaged";
  }
  const paths = places.flatMap(({ at }) => at ?? []);
  if (paths.length === 0) return "good";
  const digests = parseDigests(machine.run(["sha256sum", "--", ...paths]).output);
  const wrong = places.find(({ path, at }) => digests.get(at ?? "") !== manifest.files[path]);
  if (wrong === undefined) return "good";
  machine.log(`supervisor image: ${wrong.path} is damaged`);
  return "damaged";
}
