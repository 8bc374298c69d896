import { askEngine, complaintOf, readAnswer } from "../engine/engine-api.ts";
import type { Machine } from "../machine/machine.ts";
import type { Look } from "./decide-start.ts";
import { hashImageFiles, type ImageAnswer, VERSION_LABEL } from "./verify-image.ts";

/** Without these nothing starts; what else the slot's image lists may differ in another version. */
const NEEDED = ["/usr/bin/node", "/usr/src/app/supervisor.js"];
/** Go's names of architectures by the kernel's. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" };

/**
 * Looks at an image as a supervisor for this device. Given files, as they were when the trial began, they must still be
 * the same; without, their digests are taken of those that the slot's image has as well (`paths`).
 * @throws when the engine does not say: that is no word against an image.
 */
export function lookAtImage(machine: Machine, id: string, { paths, files }: LookOptions): Look {
  const answer = askEngine(machine, { path: `/images/${id}/json` });
  if (answer.status === 404) return { kind: "absent" };
  const image = readAnswer<ImageAnswer>(answer);
  if (image === undefined) throw new Error(`the engine does not tell of image ${id}: ${complaintOf(answer)}`);
  const version = image.Config?.Labels?.[VERSION_LABEL];
  if (version === undefined || version === "") return unfit("the image is no supervisor of Holdfast");
  const device = machine.run(["uname", "-m"]).output.trim();
  if (image.Architecture !== (ARCHITECTURES[device] ?? device))
    return unfit(`the image is made for ${image.Architecture}, this device is ${device}`);
  const digests = hashImageFiles(machine, image, files === undefined ? paths : Object.keys(files));
  const missing = NEEDED.find((path) => !digests.has(path));
  if (missing !== undefined) return unfit(`the image has no ${missing}`);
  const damaged = Object.entries(files ?? {}).find(([path, digest]) => digests.get(path) !== digest);
  if (damaged !== undefined) return unfit(`${damaged[0]} of the image is damaged`);
  return { kind: "fit", version, files: Object.fromEntries(digests) };
}

type LookOptions = { readonly paths: readonly string[]; readonly files?: Readonly<Record<string, string>> | undefined };

const unfit = (reason: string): Look => ({ kind: "unfit", reason });
