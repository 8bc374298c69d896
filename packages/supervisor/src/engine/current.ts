import type { HealthWindow } from "../spec/health-window.ts";
import type { LockScope } from "../spec/labels.ts";

/** What the engine says there is. Nothing in here comes from our own store: losing that loses no knowledge. */
export type Current = {
  readonly containers: readonly ObservedContainer[];
  readonly networks: readonly ObservedNetwork[];
  readonly volumes: readonly ObservedVolume[];
  readonly images: readonly ObservedImage[];
  /** Engine ids of images that containers of others (the supervisor itself, a user's own) run from. */
  readonly foreignImageIds: readonly string[];
};

/** `created` means: never started successfully. */
export type ContainerState = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";
export type Health = "none" | "starting" | "healthy" | "unhealthy";

/** A container that carries our labels. */
export type ObservedContainer = {
  readonly id: string;
  readonly name: string;
  readonly appId: number;
  readonly appUuid: string;
  readonly service: string;
  readonly serviceId: number;
  /** The reference it was made from. */
  readonly image: string;
  /** The engine's id of that image, `sha256:…`. */
  readonly imageId: string;
  /** Empty when another program made it. */
  readonly hash: string;
  readonly state: ContainerState;
  /** 0 unless it exited otherwise, or is between two starts. */
  readonly exitCode: number;
  readonly health: Health;
  /** Seconds since the epoch, as the engine tells it. */
  readonly createdAt: number;
  readonly networkMode: string;
  /** Names of the networks it is attached to. */
  readonly networks: readonly string[];
  /** Names of the volumes it mounts. */
  readonly volumes: readonly string[];
  /** Whose updates its lock holds up. */
  readonly lockScope: LockScope;
  /** The health window that its own label names. */
  readonly healthWindow: HealthWindow;
  /** It has a key for the device API in its environment. */
  readonly hasApiKey: boolean;
  /** The boot that it was made in, for containers that start in a later one only; empty for others. */
  readonly bootId: string;
};

export type ObservedNetwork = {
  readonly id: string;
  readonly name: string;
  readonly supervised: boolean;
  readonly appId: number | undefined;
  readonly hash: string;
};

export type ObservedVolume = {
  readonly name: string;
  readonly supervised: boolean;
  readonly appUuid: string | undefined;
};

export type ObservedImage = {
  readonly id: string;
  /** `name:tag` and `name@sha256:…`, as the engine lists them. */
  readonly references: readonly string[];
};

/** Whether a container has processes, paused ones too. */
export function isUp({ state }: ObservedContainer): boolean {
  return state === "running" || state === "restarting" || state === "paused";
}
