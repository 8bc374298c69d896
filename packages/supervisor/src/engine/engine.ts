import type { ContainerBody, Endpoint, NetworkBody, VolumeBody } from "../spec/container-body.ts";
import type { Current } from "./current.ts";

/** Percent, 0 to 100, of all layers of the image known so far, and the bytes that were downloaded. */
export type PullProgress = (percent: number, bytes: number) => void;

export type PullOptions = {
  readonly signal?: AbortSignal;
  readonly onProgress?: PullProgress;
};

/** Something happened to a container of ours; `connected` comes first: events before it may have been missed. */
export type EngineEvent = { readonly action: string; readonly containerId: string };

/**
 * The container engine as the supervisor uses it. Every call may throw a HoldfastError of the world
 * (`supervisor.engine-unreachable`, `supervisor.engine-refused`, `supervisor.pull-failed`). Removing, stopping and
 * starting are idempotent: what is already so is no error, since a crashed supervisor repeats its last step.
 */
export interface Engine {
  /** One consistent enough look at everything; what changes meanwhile is seen by the next look. */
  readonly observe: (signal?: AbortSignal) => Promise<Current>;
  /** The environment of a container, `NAME=value`. */
  readonly environmentOf: (containerId: string, signal?: AbortSignal) => Promise<readonly string[]>;
  readonly createContainer: (name: string, body: ContainerBody, signal?: AbortSignal) => Promise<string>;
  readonly startContainer: (id: string, signal?: AbortSignal) => Promise<void>;
  /** Returns when it has stopped; the container's own stop signal and grace period hold. */
  readonly stopContainer: (id: string, signal?: AbortSignal) => Promise<void>;
  /** Stops and starts it, at once if it does not run; returns when it runs. */
  readonly restartContainer: (id: string, signal?: AbortSignal) => Promise<void>;
  /** Removes a stopped container and its anonymous volumes. */
  readonly removeContainer: (id: string, signal?: AbortSignal) => Promise<void>;
  /** How often the engine started a container again after it ended by itself; 0 when it is gone. */
  readonly restartsOf: (id: string, signal?: AbortSignal) => Promise<number>;
  /** What the engine does when the container ends from now on; a container that is gone is no error. */
  readonly setRestartPolicy: (id: string, policy: string, signal?: AbortSignal) => Promise<void>;
  readonly renameContainer: (id: string, name: string, signal?: AbortSignal) => Promise<void>;
  readonly connectNetwork: (
    network: string,
    containerId: string,
    endpoint: Endpoint,
    signal?: AbortSignal,
  ) => Promise<void>;
  readonly createNetwork: (body: NetworkBody, signal?: AbortSignal) => Promise<void>;
  readonly removeNetwork: (id: string, signal?: AbortSignal) => Promise<void>;
  readonly createVolume: (body: VolumeBody, signal?: AbortSignal) => Promise<void>;
  readonly removeVolume: (name: string, signal?: AbortSignal) => Promise<void>;
  readonly pullImage: (reference: string, options?: PullOptions) => Promise<void>;
  /** The layers of an image on the device (`sha256:…` of their content), lowest first; none when it is gone. */
  readonly layersOf: (imageId: string, signal?: AbortSignal) => Promise<readonly string[]>;
  readonly removeImage: (reference: string, signal?: AbortSignal) => Promise<void>;
  /** Ends (or throws) when the engine goes away; the caller asks again. */
  readonly events: (signal: AbortSignal) => AsyncIterable<EngineEvent>;
}
