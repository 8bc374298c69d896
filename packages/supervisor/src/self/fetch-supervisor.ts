import { refuse, worldError } from "@holdfast/contracts";
import type { Engine, PullProgress } from "../engine/engine.ts";
import { pullObstacles } from "../plan/space.ts";
import { devicePlatform } from "../space/device-platform.ts";
import type { ImageContent } from "../space/image-content.ts";
import { bytesNeeded, canRun } from "../space/image-needs.ts";

/** On every supervisor image: its version. */
const VERSION_LABEL = "io.holdfast.supervisor";

export type FetchOptions = {
  readonly engine: Pick<Engine, "observe" | "layersOf" | "pullImage">;
  /** What the registry says of the image. */
  readonly content: ImageContent;
  readonly freeBytes: () => Promise<number>;
  /** Returns when all layers are on the disk. */
  readonly flush: (signal: AbortSignal) => Promise<void>;
  readonly onProgress: PullProgress;
  readonly architecture?: string;
};

/**
 * Checks what a registry says of a supervisor's image, before anything is downloaded.
 * @throws `supervisor.no-supervisor` and `supervisor.wrong-architecture`, which no retry mends
 */
export function checkSupervisorImage(
  image: string,
  { labels, architecture }: ImageContent,
  device: string = devicePlatform().architecture,
): void {
  if (!labels[VERSION_LABEL])
    refuse("supervisor.no-supervisor", { message: `${image} is no supervisor of Holdfast; the former one goes on.` });
  if (!canRun(architecture, device))
    refuse("supervisor.wrong-architecture", {
      message: `${image} is made for ${architecture}, this device is ${device}.`,
    });
}

/**
 * Downloads a supervisor's image if there is room for it; returns when it is whole and flushed.
 * @throws HoldfastError of the world: no room, or the engine's reason
 */
export async function fetchSupervisor(image: string, options: FetchOptions, signal: AbortSignal): Promise<void> {
  const { engine, content, freeBytes, flush, onProgress } = options;
  const { images } = await engine.observe(signal);
  const local = await Promise.all(images.map(({ id }) => engine.layersOf(id, signal)));
  const bytes = bytesNeeded(content.layers, local);
  const space = { freeBytes: await freeBytes(), needs: new Map([[image, { kind: "bytes", bytes } as const]]) };
  const obstacle = pullObstacles([image], space).get(image);
  if (obstacle !== undefined) throw worldError("supervisor.pull-failed", { message: obstacle });
  await engine.pullImage(image, { signal, onProgress });
  if ((await engine.layersOf(content.id, signal)).length === 0)
    throw worldError("supervisor.pull-failed", { message: `${image} is not there after its download` });
  await flush(signal);
}
