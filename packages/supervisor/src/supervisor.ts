import type { Server } from "node:http";
import { messageOf } from "@holdfast/contracts";
import type { Device } from "./api/device.ts";
import { apiServer, listen } from "./api/server.ts";
import { v1Routes } from "./api/v1.ts";
import { v2LocalRoutes } from "./api/v2-local.ts";
import { v2StateRoutes } from "./api/v2-state.ts";
import { v3NetworkRoutes } from "./api/v3-network.ts";
import { type Updates, v3UpdateRoutes } from "./api/v3-updates.ts";
import { ApplyLoop, type RoundEffects } from "./apply/apply-loop.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type ConfigJson, readConfigJson } from "./device/config-json.ts";
import { readFacts } from "./device/facts.ts";
import { ImageLedger } from "./device/image-ledger.ts";
import { KeyRing } from "./device/key-ring.ts";
import type { Paths } from "./device/paths.ts";
import { ServiceFiles } from "./device/service-files.ts";
import { SettingsStore } from "./device/settings.ts";
import type { Current } from "./engine/current.ts";
import type { Engine, EngineEvent } from "./engine/engine.ts";
import { followEvents } from "./engine/follow-events.ts";
import { engineGateway } from "./gateway/engine-gateway.ts";
import { ReleaseHealth } from "./health/release-health.ts";
import { ReleaseRecord } from "./health/release-record.ts";
import { DevelopmentMode } from "./host/development-mode.ts";
import { FirewallWishes, firewallMode, usesHostNetwork } from "./host/firewall-wish.ts";
import { NetworkRequests } from "./host/network-requests.ts";
import { RebootNeeded } from "./host/reboot-needed.ts";
import type { Log } from "./log.ts";
import { consumePreload, readPreload, recallPreload } from "./sources/preload.ts";
import { TargetStore } from "./sources/target-store.ts";
import { devicePlatform } from "./space/device-platform.ts";
import { imageContent } from "./space/image-content.ts";
import { ImageNeeds } from "./space/image-needs.ts";
import { desiredFrom, imagesOf } from "./spec/desired.ts";
import type { DeviceFacts } from "./spec/device-facts.ts";
import { freeBytes } from "./storage/free-bytes.ts";
import { SpaceReserve } from "./storage/space-reserve.ts";
import { holdsUpdates } from "./target/holds-updates.ts";
import { targetInEffect } from "./target/target-in-effect.ts";
import { TargetInForce } from "./target/target-in-force.ts";

export type SupervisorOptions = {
  readonly engine: Engine;
  readonly paths: Paths;
  readonly version: string;
  readonly log: Log;
  readonly clock?: Clock;
};

/** Default time between two polls, also the longest between two looks at the engine (compat 1.3). */
const DEFAULT_POLL_MS = 900_000;

/** The whole agent: sources of targets, the apply loop and the device API, joined. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #clock: Clock;
  readonly #config: ConfigJson;
  readonly #facts: DeviceFacts;
  readonly #settings: SettingsStore;
  readonly #images: ImageLedger;
  readonly #keys: KeyRing;
  readonly #files: ServiceFiles;
  readonly #loop: ApplyLoop;
  readonly #target: TargetInForce;
  readonly #development: DevelopmentMode;
  readonly #firewall: FirewallWishes;
  readonly #releases: ReleaseHealth;
  readonly #reboot: RebootNeeded;
  readonly #needs: ImageNeeds;
  readonly #reserve: SpaceReserve;
  readonly #handedOver = new Set<string>();
  readonly #startedAt: number;
  #mayRecallPreload = false;
  #hasHostServices = false;
  #wanted: readonly string[] = [];

  private constructor(options: SupervisorOptions, parts: Parts) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#startedAt = this.#clock.now();
    this.#config = parts.config;
    this.#facts = parts.facts;
    this.#settings = parts.settings;
    this.#images = parts.images;
    this.#keys = new KeyRing(parts.settings.get().globalKey, parts.settings.get().serviceSecret);
    this.#files = new ServiceFiles(options.paths.runtimeDir);
    this.#development = new DevelopmentMode(options.paths.developmentFlag);
    this.#firewall = new FirewallWishes(options.paths.hostConfigDir, options.log);
    this.#reserve = new SpaceReserve({
      dataDir: options.paths.dataDir,
      freeBytes: () => freeBytes(options.paths.dataDir),
      log: options.log,
    });
    this.#needs = new ImageNeeds({
      contentOf: (reference) => imageContent(reference, devicePlatform()),
      layersOf: (id) => options.engine.layersOf(id),
      architecture: devicePlatform().architecture,
      monotonic: this.#clock.monotonic,
      changed: () => this.#loop.trigger(),
    });
    this.#reboot = new RebootNeeded(options.paths.runtimeDir, options.log);
    this.#releases = new ReleaseHealth({
      record: parts.record,
      log: options.log,
      monotonic: this.#clock.monotonic,
      isDefaultOff: () => this.#isLocalMode(),
      isStarting: (appId) => this.#loop.isStarting(appId),
      restartsOf: (id) => options.engine.restartsOf(id),
      healthRestartsOf: (id) => this.#loop.healthRestartsOf(id),
    });
    this.#loop = new ApplyLoop({
      engine: options.engine,
      effects: this.#effects(),
      clock: this.#clock,
      log: options.log,
      pollIntervalMs: this.#pollInterval(),
    });
    this.#target = new TargetInForce({
      store: parts.store,
      isLocalMode: () => this.#isLocalMode(),
      log: options.log,
      resolve: (apps) => targetInEffect(apps, { ...this.#releases.knowledge(), provided: this.#facts.provided }),
      isHeld: (config) => this.#isHolding(config),
      onTarget: async (target) => {
        await this.#releases.enter(target);
        const desired = desiredFrom(target, this.#facts);
        this.#wanted = imagesOf(desired);
        await this.#images.add(this.#wanted);
        this.#hasHostServices = usesHostNetwork(target);
        this.#loop.setDesired(desired);
        await this.#wishFirewall();
      },
    });
  }

  /** Reads configuration and store; nothing is started yet. */
  static async open(options: SupervisorOptions): Promise<Supervisor> {
    const { paths, log } = options;
    const config = await readConfigJson(paths.configJson, log);
    const settings = await SettingsStore.open(paths.dataDir, log);
    const name = settings.get().deviceName ?? config.initialDeviceName ?? "local";
    const read = await readFacts(paths, config, name);
    const facts = { ...read, provided: { ...read.provided, "sw.supervisor": options.version } };
    const images = await ImageLedger.open(paths.dataDir);
    const store = await TargetStore.open(paths.dataDir, log);
    const record = await ReleaseRecord.open(paths.dataDir, log);
    return new Supervisor(options, { config, settings, facts, images, store, record });
  }

  /** Serves and reconciles until the signal fires. Apps keep running afterwards. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, engine } = this.#options;
    const server = this.#server();
    await listen(server, this.#facts.listenPort, this.#options.paths.listenAddress);
    log.info(`Supervisor ${this.#options.version} listens on ${this.#facts.listenPort}`);
    try {
      await this.#resume();
      const onEvent = (event: EngineEvent): void => {
        this.#releases.heard(event);
        this.#loop.trigger();
      };
      await Promise.all([
        this.#loop.run(signal),
        followEvents({ engine, clock: this.#clock, log, onEvent }, signal),
        this.#followDevelopmentMode(signal),
        this.#reserve.keep(this.#clock, signal),
      ]);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }

  /** By default only an unmanaged device in development mode is: nobody owns it but who stands beside it. */
  #isLocalMode(): boolean {
    return (this.#facts.apiEndpoint === "" && this.#development.isOn()) || this.#settings.get().localMode;
  }

  /** Keys guard every device that is not in development mode, local mode or not. */
  #isOpen(): boolean {
    return this.#isLocalMode() && this.#development.isOn();
  }

  #wishFirewall(): Promise<void> {
    return this.#firewall.put({
      mode: firewallMode(this.#target.stored()?.config ?? {}),
      hasHostServices: this.#hasHostServices,
      isApiOpen: this.#isOpen(),
      apiPort: this.#facts.listenPort,
    });
  }

  /** In development mode the engine answers over TCP, too; the firewall follows the mode. */
  async #followDevelopmentMode(signal: AbortSignal): Promise<void> {
    const { paths, log } = this.#options;
    let gateway: Server | undefined;
    const close = (): void => {
      gateway?.close();
      gateway?.closeAllConnections();
      gateway = undefined;
    };
    await this.#development.follow((isOn) => {
      void this.#wishFirewall();
      close();
      if (!isOn) return;
      gateway = engineGateway(paths.engineSocket);
      listen(gateway, paths.gatewayPort, paths.listenAddress).catch((error: unknown) => {
        log.error(`The engine's port ${paths.gatewayPort} cannot be opened: ${messageOf(error)}`);
      });
    }, signal);
    close();
  }

  #pollInterval(): number {
    return this.#config.appUpdatePollInterval ?? DEFAULT_POLL_MS;
  }

  /** The stored target; without one, the preload; without that, what was preloaded once, if nothing contradicts. */
  async #resume(): Promise<void> {
    const { paths, log } = this.#options;
    try {
      if (await this.#target.resume()) return;
    } catch (error) {
      log.error(`The stored target is not usable: ${messageOf(error)}`);
    }
    const preload = await readPreload(paths.appsJson, log);
    if (preload === undefined) {
      this.#mayRecallPreload = true;
      return;
    }
    try {
      await this.#target.takePreload(preload);
      await consumePreload(paths.appsJson);
      log.info(`Took over the preload: ${Object.keys(preload.apps).length} app(s)`);
    } catch (error) {
      log.error(`The preload is not usable: ${messageOf(error)}`);
    }
  }

  #effects(): RoundEffects {
    const { engine, paths, log } = this.#options;
    return {
      apiKeyFor: async (appId, service) => this.#keys.keyFor(appId, service),
      prepareService: (appId, service) => this.#files.prepare(appId, service),
      recordImage: (reference) => this.#images.add([reference]),
      lockedApps: (appIds, current) => this.#files.lockedApps(appIds, current),
      handedOver: (desired, current) => this.#files.handedOver(desired, current, this.#handedOver),
      space: async (references, current) => ({
        freeBytes: await freeBytes(paths.dataDir),
        needs: await this.#needs.needs(references, current),
      }),
      nextLookMs: () => this.#releases.nextLookMs(),
      rebootNeeded: (services) => this.#reboot.tell(services),
      settings: () => {
        const isLocalMode = this.#isLocalMode();
        return { keepImages: isLocalMode, keepVolumes: isLocalMode, ownedImages: this.#images.list() };
      },
      observed: async (current: Current) => {
        await this.#keys.adopt(engine, current);
        await this.#images.reconcile(current, this.#wanted);
        if (await this.#releases.look(current, this.#loop.status().desired)) await this.#target.resume();
        if (!this.#mayRecallPreload) return;
        this.#mayRecallPreload = false;
        const preload = await recallPreload(paths.appsJson, current, log);
        if (preload !== undefined) await this.#target.takePreload(preload);
      },
    };
  }

  #server(): Server {
    const device: Device = {
      version: this.#options.version,
      info: () => ({ arch: this.#facts.arch, deviceType: this.#facts.deviceType }),
      name: () => this.#target.stored()?.name ?? this.#facts.name,
      isLocalMode: () => this.#isLocalMode(),
      isHealthy: () => this.#isHealthy(),
      status: () => this.#loop.status(),
      localTarget: () => this.#target.asLocal(this.#facts.name),
      setLocalTarget: async (state, force) => {
        const { current } = this.#loop.status();
        if (force && current !== undefined) await this.#files.breakLocks(current);
        await this.#target.takeLocal(state);
      },
    };
    return apiServer({
      routes: [
        ...v1Routes(device),
        ...v2StateRoutes(device),
        ...v2LocalRoutes(device),
        ...v3UpdateRoutes(this.#updates()),
        ...v3NetworkRoutes(new NetworkRequests(this.#options.paths.runtimeDir)),
      ],
      keys: this.#keys,
      needsKey: () => !this.#isOpen(),
      log: this.#options.log,
    });
  }

  #updates(): Updates {
    return {
      status: () => this.#loop.status(),
      failureOf: (key) => this.#loop.failureOf(key),
      isHolding: () => this.#isHolding(this.#target.stored()?.config ?? {}),
      waiting: () => this.#target.waiting(),
      hold: () => this.#settings.update({ holdUpdates: true }),
      release: async () => {
        await this.#settings.update({ holdUpdates: false });
        return this.#target.release();
      },
    };
  }

  #isHolding(config: Readonly<Record<string, string>>): boolean {
    return this.#settings.get().holdUpdates || holdsUpdates(config);
  }

  /** A managed device is healthy while the loop looks at the engine in time (compat 3.1). */
  #isHealthy(): boolean {
    if (this.#facts.apiEndpoint === "") return true;
    const { lastRoundAt } = this.#loop.status();
    return this.#clock.now() - Math.max(lastRoundAt, this.#startedAt) < 2 * this.#pollInterval();
  }
}

type Parts = {
  readonly config: ConfigJson;
  readonly settings: SettingsStore;
  readonly facts: DeviceFacts;
  readonly images: ImageLedger;
  readonly store: TargetStore;
  readonly record: ReleaseRecord;
};
