import type { Server } from "node:http";
import { dirname } from "node:path";
import { messageOf } from "@holdfast/contracts";
import type { Device } from "./api/device.ts";
import { deviceRoutes } from "./api/routes.ts";
import { apiServer, listen } from "./api/server.ts";
import { ApplyLoop } from "./apply/apply-loop.ts";
import type { RoundEffects } from "./apply/round-effects.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { SupervisorCore } from "./cloud/cloud-device.ts";
import { FleetSide } from "./cloud/fleet-side.ts";
import { MetricsReader } from "./cloud/report/metrics.ts";
import { type ApiMode, isInLocalMode, needsApiKey } from "./device/api-access.ts";
import { ConfigJsonFile } from "./device/config-json-file.ts";
import type { ImageLedger } from "./device/image-ledger.ts";
import { KeyRing } from "./device/key-ring.ts";
import type { Paths } from "./device/paths.ts";
import { ServiceFiles } from "./device/service-files.ts";
import type { SettingsStore } from "./device/settings.ts";
import { deviceActions } from "./device-actions.ts";
import { deviceSelf } from "./device-self.ts";
import type { Current } from "./engine/current.ts";
import type { Engine, EngineEvent } from "./engine/engine.ts";
import { followEvents } from "./engine/follow-events.ts";
import { hearContainers } from "./engine/hear-containers.ts";
import type { RegistryLogin } from "./engine/registry-login.ts";
import { DevelopmentGateway } from "./gateway/development-gateway.ts";
import { ReleaseHealth } from "./health/release-health.ts";
import { DevelopmentMode } from "./host/development-mode.ts";
import { HostActions } from "./host/host-actions.ts";
import { HostConfigFiles } from "./host/host-config-files.ts";
import { logindPower } from "./host/host-power.ts";
import { HostWishes } from "./host/host-wishes.ts";
import { NetworkRequests } from "./host/network-requests.ts";
import { RebootRequired } from "./host/reboot-required.ts";
import { usesHostNetwork } from "./host/uses-host-network.ts";
import { Intents } from "./intent/intents.ts";
import { type KeptState, readKeptState } from "./kept-state.ts";
import { LocalBuilds } from "./local-build/local-builds.ts";
import { lockFiles } from "./locks/lock-files.ts";
import { allLockGroups, type LockGroup, lockGroupsOf, type ServiceKey } from "./locks/lock-group.ts";
import { ServiceLives } from "./locks/service-lives.ts";
import { UpdateLocks } from "./locks/update-locks.ts";
import type { Log } from "./log.ts";
import { journalctlOf } from "./logs/journal-source.ts";
import { PreloadedTarget } from "./sources/preloaded-target.ts";
import { DiskSpace } from "./space/disk-space.ts";
import { desiredFrom, imagesOf } from "./spec/desired.ts";
import type { DeviceFacts } from "./spec/device-facts.ts";
import { holdsUpdates } from "./target/holds-updates.ts";
import { targetInEffect } from "./target/target-in-effect.ts";
import { TargetInForce } from "./target/target-in-force.ts";
import { updatesOf } from "./target/updates-of.ts";
import { Counters } from "./telemetry/counters.ts";
import { DeviceEvents } from "./telemetry/device-events.ts";
import { watchBoth } from "./telemetry/watch-both.ts";

export type SupervisorOptions = {
  readonly engine: Engine;
  /** Told who the device is; the engine logs in by it. */
  readonly registryLogin: RegistryLogin;
  readonly paths: Paths;
  readonly version: string;
  /** The device API as an OpenAPI document. */
  readonly openApiFile: string;
  readonly log: Log;
  readonly clock?: Clock;
};

/** The whole agent: sources of targets, the apply loop and the device API, joined. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #clock: Clock;
  readonly #settings: SettingsStore;
  readonly #images: ImageLedger;
  readonly #keys: KeyRing;
  readonly #files: ServiceFiles;
  readonly #lives: ServiceLives;
  readonly #locks: UpdateLocks;
  readonly #host: HostActions;
  readonly #loop: ApplyLoop;
  readonly #target: TargetInForce;
  readonly #preload: PreloadedTarget;
  readonly #development: DevelopmentMode;
  readonly #wishes: HostWishes;
  readonly #configJson: ConfigJsonFile;
  readonly #releases: ReleaseHealth;
  readonly #space: DiskSpace;
  readonly #handedOver = new Set<string>();
  readonly #startedAt: number;
  readonly #fleet: FleetSide;
  readonly #events: DeviceEvents;
  readonly #counters = new Counters();
  #facts: DeviceFacts;
  #hasHostServices = false;
  #wanted: readonly string[] = [];

  private constructor(options: SupervisorOptions, kept: KeptState) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#startedAt = this.#clock.now();
    this.#facts = kept.facts;
    options.registryLogin.know(kept.facts);
    this.#settings = kept.settings;
    this.#images = kept.images;
    const { globalKey, serviceSecret, keyRenewals } = kept.settings.get();
    this.#keys = new KeyRing(globalKey, serviceSecret, keyRenewals);
    this.#files = new ServiceFiles(options.paths.runtimeDir);
    this.#lives = new ServiceLives(this.#clock.monotonic);
    const dead = { isDead: (service: ServiceKey) => this.#lives.isDead(service), log: options.log };
    this.#locks = new UpdateLocks(lockFiles(options.paths.runtimeDir), dead);
    this.#host = this.#hostActions();
    this.#development = new DevelopmentMode(options.paths.developmentFlag);
    this.#wishes = new HostWishes(options.paths, this.#clock, options.log);
    this.#configJson = new ConfigJsonFile(options.paths.configJson);
    const { config, osRelease } = kept;
    const [configJson, core, clock] = [this.#configJson, this.#core(), this.#clock];
    this.#fleet = new FleetSide({ ...options, config, configJson, osRelease, core, clock });
    this.#space = new DiskSpace({
      engine: options.engine,
      login: options.registryLogin,
      dataDir: options.paths.dataDir,
      clock: this.#clock,
      log: options.log,
      changed: () => this.#loop.trigger(),
    });
    const { monotonic } = this.#clock;
    const epoch = this.#startedAt.toString(36);
    this.#events = new DeviceEvents({ status: () => this.#loop.status(), monotonic, epoch });
    this.#releases = new ReleaseHealth({
      record: kept.record,
      log: options.log,
      monotonic,
      judged: (verdict) => this.#events.judged(verdict),
      isDefaultOff: () => this.#isLocalMode(),
      isStarting: (appId) => this.#loop.isStarting(appId),
      restartsOf: (id) => options.engine.restartsOf(id),
      healthRestartsOf: (id) => this.#loop.healthRestartsOf(id),
    });
    this.#loop = new ApplyLoop({
      engine: options.engine,
      intents: new Intents(kept.intents),
      effects: this.#effects(),
      clock: this.#clock,
      log: options.log,
      tell: this.#fleet.tell,
      watch: watchBoth(this.#events, this.#counters),
      pollIntervalMs: this.#fleet.config().pollIntervalMs,
    });
    this.#target = new TargetInForce({
      store: kept.store,
      isLocalMode: () => this.#isLocalMode(),
      log: options.log,
      onFleetConfig: (config) => this.#fleet.adopt(config),
      resolve: (apps) => targetInEffect(apps, { ...this.#releases.knowledge(), provided: this.#facts.provided }),
      isHeld: (config) => this.#settings.get().holdUpdates || holdsUpdates(config),
      onTarget: async (target) => {
        await this.#releases.enter(target);
        const desired = desiredFrom(target, { ...this.#facts, name: this.#name() });
        this.#hasHostServices = usesHostNetwork(target);
        // At one time: a round that knew of new images as ours, but not that they are wanted, would remove them.
        this.#wanted = imagesOf(desired);
        this.#loop.setDesired(desired);
        await this.#images.add(this.#wanted);
        await this.#wishHost();
      },
    });
    this.#preload = new PreloadedTarget({
      appsJson: options.paths.appsJson,
      target: this.#target,
      pinTo: async (release) => this.#fleet.cloud()?.pinTo(release),
      log: options.log,
    });
  }

  /** Reads configuration and store; nothing is started yet. */
  static async open(options: SupervisorOptions): Promise<Supervisor> {
    const supervisor = new Supervisor(options, await readKeptState(options));
    await supervisor.#fleet.open();
    return supervisor;
  }

  /** Serves and reconciles until the signal fires. Apps keep running afterwards. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, engine } = this.#options;
    const server = this.#server();
    await listen(server, this.#facts.listenPort, this.#options.paths.listenAddress);
    log.info(`Supervisor ${this.#options.version} listens on ${this.#facts.listenPort}`);
    try {
      await this.#locks.releaseLeftovers().catch((error: unknown) => {
        log.warn(`Update locks of a former supervisor are left: ${messageOf(error)}`);
      });
      if (!(await this.#applyStored())) await this.#preload.takeOver();
      const onEvent = (event: EngineEvent): void => {
        this.#releases.heard(event);
        hearContainers(event, this.#lives);
        this.#counters.heard(event);
        this.#loop.trigger();
      };
      await Promise.all([
        this.#loop.run(signal),
        followEvents({ engine, clock: this.#clock, log, onEvent }, signal),
        this.#followDevelopmentMode(signal),
        this.#space.keepReserve(signal),
        this.#fleet.run(signal),
      ]);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }

  #mode(): ApiMode {
    return {
      isManaged: this.#facts.apiEndpoint !== "",
      isDevelopment: this.#development.isOn(),
      isLocalModeAsked: this.#settings.get().localMode || this.#fleet.config().localMode,
    };
  }

  #isLocalMode(): boolean {
    return isInLocalMode(this.#mode());
  }

  #wishHost(): Promise<void> {
    return this.#wishes.put(this.#target.stored()?.config, {
      isManaged: this.#facts.apiEndpoint !== "",
      hasHostServices: this.#hasHostServices,
      isApiOpen: !needsApiKey(this.#mode()),
      apiPort: this.#facts.listenPort,
    });
  }

  /** In development mode the engine answers over TCP, too; the firewall follows the mode. */
  async #followDevelopmentMode(signal: AbortSignal): Promise<void> {
    const gateway = new DevelopmentGateway(this.#options.paths, this.#options.log);
    await this.#development.follow((isOn) => {
      void this.#wishHost();
      gateway.set(isOn);
    }, signal);
    gateway.set(false);
  }

  #name(): string {
    return this.#target.stored()?.name ?? this.#facts.name;
  }

  #core(): SupervisorCore {
    return {
      facts: () => this.#facts,
      isDevelopment: () => this.#development.isOn(),
      isLocalMode: () => this.#isLocalMode(),
      globalKey: () => this.#settings.get().globalKey,
      status: () => this.#loop.status(),
      fleetTarget: () => this.#target.fleet(),
      identify: async ({ uuid, deviceKey }) => {
        if (uuid === this.#facts.uuid && deviceKey === this.#facts.deviceApiKey) return;
        this.#facts = { ...this.#facts, uuid, deviceApiKey: deviceKey };
        this.#options.registryLogin.know(this.#facts);
        await this.#applyStored();
      },
      takeTarget: (target) => this.#target.takeFleet(target),
      obey: async (poke) => {
        await this.#applyStored();
        this.#loop.retry(poke);
      },
      configChanged: () => this.#wishHost(),
    };
  }

  /** Hands the stored target to the loop: at the start, with other facts, or to try at once what has failed. */
  async #applyStored(): Promise<boolean> {
    try {
      return await this.#target.resume();
    } catch (error) {
      this.#options.log.error(`The stored target is not usable: ${messageOf(error)}`);
      return false;
    }
  }

  #effects(): RoundEffects {
    const { engine } = this.#options;
    return {
      apiKeyFor: async (appId, service) => this.#keys.keyFor(appId, service),
      prepareService: (appId, service) => this.#files.prepare(appId, service),
      recordImage: (reference) => this.#images.add([reference]),
      takeLocks: (touched, scene) => {
        const isForced = ({ appId }: LockGroup) => this.#fleet.config().lockOverride || scene.isForced(appId);
        return this.#locks.take(lockGroupsOf(touched, scene), { holder: "apply", isForced });
      },
      releaseLocks: (busyApps) => this.#locks.release("apply", busyApps),
      settled: () => this.#host.rebootIfRequired(),
      handedOver: (desired, current) => this.#files.handedOver(desired, current, this.#handedOver),
      space: (images, current) => this.#space.spaceFor(images, current),
      nextLookMs: () => Math.min(this.#releases.nextLookMs(), this.#lives.nextLookMs()),
      rebootNeeded: (services) => this.#host.rebootToStart(services),
      settings: () => {
        const isLocalMode = this.#isLocalMode();
        return { keepImages: isLocalMode, keepVolumes: isLocalMode, ownedImages: this.#images.list() };
      },
      observed: async (current: Current) => {
        this.#lives.look(current);
        await this.#keys.adopt(engine, current);
        await this.#images.reconcile(current, this.#wanted);
        await this.#wishHost();
        if (await this.#releases.look(current, this.#loop.status().desired)) await this.#target.resume();
        await this.#preload.recall(current);
      },
    };
  }

  #server(): Server {
    const device: Device = {
      version: this.#options.version,
      info: () => ({ arch: this.#facts.arch, deviceType: this.#facts.deviceType }),
      name: () => this.#name(),
      isLocalMode: () => this.#isLocalMode(),
      isHealthy: () => this.#isHealthy(),
      status: () => this.#loop.status(),
      localTarget: () => this.#target.asLocal(this.#facts.name),
      setLocalTarget: async (state, force) => {
        await this.#target.takeLocal(state);
        if (force) this.#loop.retry({ force });
      },
    };
    const { engine, paths, log, openApiFile } = this.#options;
    const [loop, fleet, host, settings, keys] = [this.#loop, this.#fleet, this.#host, this.#settings, this.#keys];
    const { version } = device;
    const self = deviceSelf({ version, rootMount: paths.rootMount, loop, facts: () => this.#facts, fleet });
    const routes = deviceRoutes({
      device,
      self,
      actions: deviceActions({ engine, loop, host, fleet, settings, keys }),
      hostConfig: new HostConfigFiles(this.#configJson, dirname(paths.configJson)),
      host,
      logs: fleet.logs,
      journalctl: journalctlOf(paths),
      tags: () => fleet.cloud()?.tags(),
      updates: updatesOf({ loop, target: this.#target, settings, isHolding: (config) => this.#isHolding(config) }),
      network: new NetworkRequests(paths.runtimeDir),
      builds: LocalBuilds.open(paths),
      takesBuilds: () => !needsApiKey(this.#mode()),
      events: this.#events,
      openApiFile,
      metrics: {
        ...self,
        isHealthy: device.isHealthy,
        counters: this.#counters,
        fleet: () => fleet.cloud()?.activity(),
        hardware: new MetricsReader({ proc: "/proc", sys: "/sys", data: paths.dataMount }),
        monotonic: this.#clock.monotonic,
      },
    });
    return apiServer({
      routes,
      keys,
      needsKey: () => needsApiKey(this.#mode()),
      answered: this.#counters.answered,
      log,
    });
  }

  #isHolding(config: Readonly<Record<string, string>>): boolean {
    return this.#settings.get().holdUpdates || holdsUpdates(config);
  }

  #hostActions(): HostActions {
    const { paths, log } = this.#options;
    return new HostActions({
      power: logindPower(paths.busSocket),
      locks: this.#locks,
      lockGroups: () => {
        const { current, desired } = this.#loop.status();
        return current === undefined ? [] : allLockGroups({ current, desired });
      },
      isOverridden: () => this.#fleet.config().lockOverride,
      required: new RebootRequired(paths.runtimeDir),
      stateDir: paths.stateDir,
      clock: this.#clock,
      log,
    });
  }

  /** A managed device is healthy while the engine is looked at, and the server asked, in time (compat 3.1). */
  #isHealthy(): boolean {
    if (this.#facts.apiEndpoint === "") return true;
    if (this.#fleet.cloud()?.isAlive() === false) return false;
    const { lastRoundAt } = this.#loop.status();
    return this.#clock.now() - Math.max(lastRoundAt, this.#startedAt) < 2 * this.#fleet.config().pollIntervalMs;
  }
}
