import { normaliseReference } from "@holdfast/contracts";
import type { ContainerState, Current, Health, ObservedContainer } from "../engine/current.ts";
import type { Engine, PullOptions } from "../engine/engine.ts";
import type { ContainerBody, NetworkBody, VolumeBody } from "../spec/container-body.ts";
import { healthWindow } from "../spec/health-window.ts";
import {
  hasFeature,
  LABEL_APP_ID,
  LABEL_APP_UUID,
  LABEL_BOOT_ID,
  LABEL_CONFIG_HASH,
  LABEL_SERVICE_ID,
  LABEL_SERVICE_NAME,
  LABEL_SUPERVISED,
  lockScopeOf,
} from "../spec/labels.ts";
import { EXTRA_FIRMWARE_VOLUME } from "../spec/names.ts";

type Container = {
  readonly id: string;
  name: string;
  readonly body: ContainerBody;
  readonly imageId: string;
  readonly createdAt: number;
  readonly networks: Set<string>;
  readonly volumes: readonly string[];
  state: ContainerState;
  restart: string;
  restarts: number;
  exitCode: number;
  health: Health;
};

/** What a container with this label exits with, as soon as it was started. */
export const LABEL_EXITS = "test.exits";

/**
 * An engine in memory, stricter than the real one: whatever would fail there, or only works by luck, throws here. So a
 * plan that converges on it respects the order of things.
 */
export class SimulatedEngine implements Engine {
  readonly containers = new Map<string, Container>();
  readonly networks = new Map<string, NetworkBody>();
  readonly volumes = new Map<string, VolumeBody>();
  /** Reference -> id of images on the device. */
  readonly images = new Map<string, string>();
  /** Reference -> id of images that can be pulled. */
  readonly registry = new Map<string, string>();
  /** Every call that changed something, `verb object`. */
  readonly calls: string[] = [];
  /** Services that never become healthy. */
  readonly sick = new Set<string>();
  /** Services whose next so many starts end unhealthy. */
  readonly ailing = new Map<string, number>();
  /** References of images whose containers end soon after each start. */
  readonly crashing = new Set<string>();
  now = 1_000_000;
  /** Throws at the call with this number (counted from 0), before or after its effect. */
  fault: { readonly at: number; readonly when: "before" | "after" } | undefined;
  /** From the call with this number on, before or after its effect, every call fails: no step of this process gets through. */
  halt: { readonly at: number; readonly when: "before" | "after" } | undefined;
  isHalted = false;
  /** Awaited before and after each call, so that calls overlap. */
  delay: () => Promise<void> = async () => {};
  #ids = 0;

  /** Ends a halt: what comes next is a new process. */
  revive(): void {
    this.halt = undefined;
    this.isHalted = false;
  }

  async observe(): Promise<Current> {
    if (this.isHalted) throw new Error("halted");
    await this.delay();
    const seen = this.#look();
    await this.delay();
    return seen;
  }

  #look(): Current {
    for (const container of this.containers.values()) {
      if (container.state === "running" || container.state === "restarting") this.#live(container);
    }
    return {
      containers: [...this.containers.values()].map(observed),
      networks: [...this.networks.values()].map((body) => ({
        id: body.Name,
        name: body.Name,
        supervised: body.Labels[LABEL_SUPERVISED] !== undefined,
        appId: body.Labels[LABEL_APP_ID] === undefined ? undefined : Number(body.Labels[LABEL_APP_ID]),
        hash: body.Labels[LABEL_CONFIG_HASH] ?? "",
      })),
      volumes: [...this.volumes.values()].map((body) => ({
        name: body.Name,
        supervised: body.Labels[LABEL_SUPERVISED] !== undefined,
        appUuid: body.Labels[LABEL_APP_UUID],
      })),
      images: [...new Set(this.images.values())].map((id) => ({
        id,
        references: [...this.images].filter(([, of]) => of === id).map(([reference]) => reference),
      })),
      foreignImageIds: [],
    };
  }

  async environmentOf(id: string): Promise<readonly string[]> {
    return this.#get(id).body.Env;
  }

  createContainer(name: string, body: ContainerBody): Promise<string> {
    return this.#change(`create ${name}`, () => {
      if ([...this.containers.values()].some((other) => other.name === name)) throw new Error(`name ${name} is taken`);
      const imageId = this.images.get(normaliseReference(body.Image));
      if (imageId === undefined) throw new Error(`no such image: ${body.Image}`);
      const networks = new Set(Object.keys(body.NetworkingConfig?.EndpointsConfig ?? {}));
      if (networks.size > 1) throw new Error("the pinned API takes one network");
      for (const network of networks) if (!this.networks.has(network)) throw new Error(`no such network: ${network}`);
      const owner = /^container:(.*)$/.exec(body.HostConfig.NetworkMode)?.[1];
      if (owner !== undefined) this.#get(owner);
      const volumes = body.HostConfig.Binds.map((bind) => bind.split(":")[0] ?? "").filter(
        (from) => !from.startsWith("/"),
      );
      // The engine makes what is missing; all but this one are the supervisor's to make.
      if (volumes.includes(EXTRA_FIRMWARE_VOLUME) && !this.volumes.has(EXTRA_FIRMWARE_VOLUME)) {
        const made = { Name: EXTRA_FIRMWARE_VOLUME, Driver: "local", DriverOpts: {}, Labels: {} };
        this.volumes.set(EXTRA_FIRMWARE_VOLUME, made);
      }
      for (const volume of volumes) if (!this.volumes.has(volume)) throw new Error(`no such volume: ${volume}`);
      this.#ids += 1;
      const id = `c${this.#ids}`;
      const createdAt = Math.floor(this.now / 1000);
      const restart = body.HostConfig.RestartPolicy.Name;
      const fresh = { state: "created", restart, restarts: 0, exitCode: 0, health: "none" } as const;
      this.containers.set(id, { id, name, body, imageId, createdAt, networks, volumes, ...fresh });
      return id;
    });
  }

  startContainer(id: string): Promise<void> {
    return this.#change(`start ${id}`, () => {
      const container = this.#get(id);
      const owner = /^container:(.*)$/.exec(container.body.HostConfig.NetworkMode)?.[1];
      if (owner !== undefined && this.#get(owner).state !== "running")
        throw new Error("the network's owner does not run");
      for (const network of container.networks) {
        if (!this.networks.has(network)) throw new Error(`no such network: ${network}`);
      }
      container.state = "running";
      container.health = container.body.Healthcheck === undefined ? "none" : "starting";
    });
  }

  restartContainer(id: string): Promise<void> {
    return this.#change(`restart ${id}`, () => {
      const container = this.#get(id);
      container.state = "running";
      container.health = container.body.Healthcheck === undefined ? "none" : "starting";
    });
  }

  async restartsOf(id: string): Promise<number> {
    return this.containers.get(id)?.restarts ?? 0;
  }

  setRestartPolicy(id: string, policy: string): Promise<void> {
    return this.#change(`policy ${id} ${policy}`, () => {
      const container = this.containers.get(id);
      if (container !== undefined) container.restart = policy;
    });
  }

  stopContainer(id: string): Promise<void> {
    return this.#change(`stop ${id}`, () => {
      const container = this.containers.get(id);
      if (container !== undefined && ["running", "restarting", "paused"].includes(container.state))
        Object.assign(container, { state: "exited", exitCode: 143, health: "none" });
    });
  }

  removeContainer(id: string): Promise<void> {
    return this.#change(`remove ${id}`, () => {
      if (this.containers.get(id)?.state === "running") throw new Error("a running container cannot be removed");
      this.containers.delete(id);
    });
  }

  renameContainer(id: string, name: string): Promise<void> {
    return this.#change(`rename ${id}`, () => {
      if ([...this.containers.values()].some((other) => other.name === name)) throw new Error(`name ${name} is taken`);
      this.#get(id).name = name;
    });
  }

  connectNetwork(network: string, id: string): Promise<void> {
    return this.#change(`connect ${id} ${network}`, () => {
      if (!this.networks.has(network)) throw new Error(`no such network: ${network}`);
      this.#get(id).networks.add(network);
    });
  }

  createNetwork(body: NetworkBody): Promise<void> {
    return this.#change(`create network ${body.Name}`, () => {
      if (this.networks.has(body.Name)) throw new Error("the network exists");
      this.networks.set(body.Name, body);
    });
  }

  removeNetwork(id: string): Promise<void> {
    return this.#change(`remove network ${id}`, () => {
      if ([...this.containers.values()].some(({ networks }) => networks.has(id)))
        throw new Error("the network is in use");
      this.networks.delete(id);
    });
  }

  createVolume(body: VolumeBody): Promise<void> {
    return this.#change(`create volume ${body.Name}`, () => void this.volumes.set(body.Name, body));
  }

  removeVolume(name: string): Promise<void> {
    return this.#change(`remove volume ${name}`, () => {
      if ([...this.containers.values()].some(({ volumes }) => volumes.includes(name))) throw new Error("in use");
      this.volumes.delete(name);
    });
  }

  pullImage(reference: string, _options?: PullOptions): Promise<void> {
    return this.#change(`pull ${reference}`, () => {
      const id = this.registry.get(normaliseReference(reference));
      if (id === undefined) throw new Error(`manifest of ${reference} unknown`);
      this.images.set(normaliseReference(reference), id);
    });
  }

  async layersOf(imageId: string): Promise<readonly string[]> {
    return [imageId];
  }

  removeImage(reference: string): Promise<void> {
    return this.#change(`remove image ${reference}`, () => {
      const id = this.images.get(reference);
      if ([...this.containers.values()].some(({ imageId }) => imageId === id)) throw new Error("the image is in use");
      this.images.delete(reference);
    });
  }

  async *events(signal: AbortSignal): AsyncGenerator<never> {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }

  #live(container: Container): void {
    const exits = container.body.Labels[LABEL_EXITS];
    const service = container.body.Labels[LABEL_SERVICE_NAME] ?? "";
    if (this.crashing.has(container.body.Image)) {
      Object.assign(container, { state: "restarting", restarts: container.restarts + 1, exitCode: 1, health: "none" });
    } else if (exits !== undefined) Object.assign(container, { state: "exited", exitCode: Number(exits) });
    else if (container.health === "starting" && !this.sick.has(service)) {
      const ailing = this.ailing.get(service) ?? 0;
      container.health = ailing > 0 ? "unhealthy" : "healthy";
      this.ailing.set(service, Math.max(0, ailing - 1));
    }
  }

  #get(id: string): Container {
    const container = this.containers.get(id);
    if (container === undefined) throw new Error(`no such container: ${id}`);
    return container;
  }

  async #change<T>(call: string, effect: () => T): Promise<T> {
    const number = this.calls.length;
    this.calls.push(call);
    if (this.halt?.at === number && this.halt.when === "before") this.isHalted = true;
    if (this.isHalted) throw new Error(`halted before ${call}`);
    if (this.fault?.at === number && this.fault.when === "before") throw new Error(`fault before ${call}`);
    await this.delay();
    const result = effect();
    if (this.halt?.at === number) this.isHalted = true;
    if (this.isHalted) throw new Error(`halted after ${call}`);
    await this.delay();
    if (this.fault?.at === number && this.fault.when === "after") throw new Error(`fault after ${call}`);
    return result;
  }
}

function observed(container: Container): ObservedContainer {
  const { Labels, Image, HostConfig } = container.body;
  return {
    id: container.id,
    name: container.name,
    appId: Number(Labels[LABEL_APP_ID]),
    appUuid: Labels[LABEL_APP_UUID] ?? "",
    service: Labels[LABEL_SERVICE_NAME] ?? "",
    serviceId: Number(Labels[LABEL_SERVICE_ID]),
    image: Image,
    imageId: container.imageId,
    hash: Labels[LABEL_CONFIG_HASH] ?? "",
    state: container.state,
    exitCode: container.exitCode,
    health: container.health,
    createdAt: container.createdAt,
    networkMode: HostConfig.NetworkMode,
    networks: [...container.networks],
    volumes: container.volumes,
    lockScope: lockScopeOf(Labels),
    healthWindow: healthWindow([Labels]),
    hasApiKey: hasFeature(Labels, "supervisor-api"),
    bootId: Labels[LABEL_BOOT_ID] ?? "",
  };
}
