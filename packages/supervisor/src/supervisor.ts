import type { Server } from "node:http";
import { messageOf } from "@holdfast/contracts";
import type { DeviceActions } from "./api/actions/device-actions.ts";
import type { Device } from "./api/device.ts";
import { deviceRoutes } from "./api/routes.ts";
import { apiServer, listen } from "./api/server.ts";
import type { DeviceSelf } from "./api/v1-device.ts";
import { ApplyLoop, type RoundEffects } from "./apply/apply-loop.ts";
import { type Clock, systemClock } from "./clock.ts";
import { readAddresses } from "./cloud/report/addresses.ts";
import { type ConfigJson, readConfigJson } from "./device/config-json.ts";
import { readFacts } from "./device/facts.ts";
import { ImageLedger } from "./device/image-ledger.ts";
import { KeyRing } from "./device/key-ring.ts";
import type { Paths } from "./device/paths.ts";
import { replaceKey } from "./device/replace-key.ts";
import { ServiceFiles } from "./device/service-files.ts";
import { SettingsStore } from "./device/settings.ts";
import type { Current } from "./engine/current.ts";
import type { Engine } from "./engine/engine.ts";
import { followEvents } from "./engine/follow-events.ts";
import { engineGateway } from "./gateway/engine-gateway.ts";
import { DevelopmentMode } from "./host/development-mode.ts";
import { FirewallWishes, firewallMode, usesHostNetwork } from "./host/firewall-wish.ts";
import { HostActions } from "./host/host-actions.ts";
import { logindPower } from "./host/host-power.ts";
import { isInstantUpdate } from "./host/instant-update.ts";
import { NetworkRequests } from "./host/network-requests.ts";
import { RebootRequired } from "./host/reboot-required.ts";
import { readVpn } from "./host/vpn-state.ts";
import { IntentStore } from "./intent/intent-store.ts";
import { Intents } from "./intent/intents.ts";
import { lockFiles } from "./locks/lock-files.ts";
import { allLockGroups, type LockGroup, lockGroupsOf } from "./locks/lock-group.ts";
import { isLockOverridden } from "./locks/lock-override.ts";
import { UpdateLocks } from "./locks/update-locks.ts";
import type { Log } from "./log.ts";
import { findService } from "./logs/find-service.ts";
import { hostJournalctl, JournalSource } from "./logs/journal-source.ts";
import { LogHub } from "./logs/log-hub.ts";
import { consumePreload, readPreload, recallPreload } from "./sources/preload.ts";
import { TargetStore } from "./sources/target-store.ts";
import { desiredFrom } from "./spec/desired.ts";
import type { DeviceFacts } from "./spec/device-facts.ts";
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
  readonly #locks: UpdateLocks;
  readonly #host: HostActions;
  readonly #hub: LogHub;
  readonly #loop: ApplyLoop;
  readonly #target: TargetInForce;
  readonly #development: DevelopmentMode;
  readonly #firewall: FirewallWishes;
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
    const { globalKey, serviceSecret, keyRenewals } = parts.settings.get();
    this.#keys = new KeyRing(globalKey, serviceSecret, keyRenewals);
    this.#files = new ServiceFiles(options.paths.runtimeDir);
    this.#locks = new UpdateLocks(lockFiles(options.paths.runtimeDir));
    this.#host = this.#hostActions();
    this.#hub = new LogHub({ source: this.#journal(), clock: this.#clock, log: options.log });
    this.#development = new DevelopmentMode(options.paths.developmentFlag);
    this.#firewall = new FirewallWishes(options.paths.hostConfigDir, options.log);
    this.#loop = new ApplyLoop({
      engine: options.engine,
      intents: new Intents(parts.intents),
      effects: this.#effects(),
      clock: this.#clock,
      log: options.log,
      pollIntervalMs: this.#pollInterval(),
    });
    this.#target = new TargetInForce({
      store: parts.store,
      isLocalMode: () => this.#isLocalMode(),
      log: options.log,
      onTarget: async (target) => {
        const desired = desiredFrom(target, this.#facts);
        this.#wanted = desired.apps.flatMap((app) => app.services.map((spec) => spec.image));
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
    const facts = await readFacts(paths, config, name);
    const images = await ImageLedger.open(paths.dataDir);
    const store = await TargetStore.open(paths.dataDir, log);
    const intents = await IntentStore.open(paths.dataDir, log);
    return new Supervisor(options, { config, settings, facts, images, store, intents });
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
      await this.#resume();
      const onEvent = () => this.#loop.trigger();
      await Promise.all([
        this.#loop.run(signal),
        followEvents({ engine, clock: this.#clock, log, onEvent }, signal),
        this.#followDevelopmentMode(signal),
        this.#hub.run(signal),
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
      takeLocks: (touched, scene) => {
        const isOverridden = isLockOverridden(this.#fleetConfig());
        const isForced = ({ appId }: LockGroup) => isOverridden || scene.isForced(appId);
        return this.#locks.take(lockGroupsOf(touched, scene), { holder: "apply", isForced });
      },
      releaseLocks: (busyApps) => this.#locks.release("apply", busyApps),
      settled: () => this.#host.rebootIfRequired(),
      handedOver: (desired, current) => this.#files.handedOver(desired, current, this.#handedOver),
      settings: () => {
        const isLocalMode = this.#isLocalMode();
        return { keepImages: isLocalMode, keepVolumes: isLocalMode, ownedImages: this.#images.list() };
      },
      observed: async (current: Current) => {
        await this.#keys.adopt(engine, current);
        await this.#images.reconcile(current, this.#wanted);
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
        await this.#target.takeLocal(state);
        if (force) this.#loop.retry({ force });
      },
    };
    const { paths } = this.#options;
    const routes = deviceRoutes({
      device,
      self: this.#self(),
      actions: this.#actions(),
      logs: this.#hub,
      journalctl: this.#journalctl(),
      network: new NetworkRequests(paths.runtimeDir),
    });
    return apiServer({
      routes,
      keys: this.#keys,
      needsKey: () => !this.#isOpen(),
      log: this.#options.log,
    });
  }

  #self(): DeviceSelf {
    const { rootMount } = this.#options.paths;
    return {
      version: this.#options.version,
      status: () => this.#loop.status(),
      apiPort: () => this.#facts.listenPort,
      osVersion: () => this.#facts.osVersion,
      addresses: () => readAddresses(),
      vpn: () => readVpn(rootMount, { isManaged: this.#facts.apiEndpoint !== "", config: this.#fleetConfig() }),
      hasFailed: () => this.#loop.hasFailed(),
    };
  }

  #actions(): DeviceActions {
    const { engine } = this.#options;
    return {
      status: () => this.#loop.status(),
      carryOut: (intent, options) => this.#loop.carryOut(intent, options),
      reboot: (options) => this.#host.reboot(options),
      shutdown: (options) => this.#host.shutdown(options),
      update: ({ force, cancel }) => {
        this.#loop.retry({ force, cancel });
        return force || isInstantUpdate(this.#fleetConfig());
      },
      replaceKey: (key) => replaceKey(key, this.#settings, this.#keys),
      environmentOf: (id) => engine.environmentOf(id),
      removeVolume: (name) => engine.removeVolume(name),
    };
  }

  #journal(): JournalSource {
    return new JournalSource({
      command: this.#journalctl(),
      runtimeDir: this.#options.paths.runtimeDir,
      findService: (id, name) => findService(this.#loop.status(), id, name),
      now: this.#clock.now,
    });
  }

  #fleetConfig(): Readonly<Record<string, string>> {
    return this.#target.stored()?.config ?? {};
  }

  #journalctl(): readonly string[] {
    const { journalctl, rootMount } = this.#options.paths;
    return journalctl === undefined ? hostJournalctl(rootMount) : [journalctl];
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
      isOverridden: () => isLockOverridden(this.#fleetConfig()),
      required: new RebootRequired(paths.runtimeDir),
      stateDir: paths.stateDir,
      clock: this.#clock,
      log,
    });
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
  readonly intents: IntentStore;
};
