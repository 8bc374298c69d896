import type { EngineEvent } from "./engine.ts";

/** Somebody who keeps what is known of containers. */
export type ContainerListener = {
  /** A container ended or started. */
  readonly heard: (containerId: string) => void;
  /** Events may have been missed. */
  readonly missed: () => void;
};

/** Passes on what an event tells of lives of containers. */
export function hearContainers({ action, containerId }: EngineEvent, listener: ContainerListener): void {
  if (action === "die" || action === "start") listener.heard(containerId);
  if (action === "connected") listener.missed();
}
