import type { Clock } from "../clock.ts";
import type { ConfigJson } from "../device/config-json.ts";
import type { ConfigJsonFile } from "../device/config-json-file.ts";
import type { Paths } from "../device/paths.ts";
import { ConfigVariables } from "../device-config/config-variables.ts";
import type { DeviceConfig } from "../device-config/device-config.ts";
import { DeviceConfigInForce } from "../device-config/device-config-in-force.ts";
import { switchPersistentLogging } from "../device-config/persistent-logging.ts";
import type { Engine } from "../engine/engine.ts";
import type { RegistryLogin } from "../engine/registry-login.ts";
import { RebootRequired } from "../host/reboot-required.ts";
import type { Log } from "../log.ts";
import { findService } from "../logs/find-service.ts";
import { JournalSource, journalctlOf } from "../logs/journal-source.ts";
import { LogHub } from "../logs/log-hub.ts";
import { SelfSide } from "../self/self-side.ts";
import { Cloud, isEndpoint } from "./cloud.ts";
import type { SupervisorCore } from "./cloud-device.ts";
import { osVariantOf } from "./os-variant.ts";
import { DEFAULT_POLL_MS } from "./registration/initial-variables.ts";
import { dropTargetConfig } from "./target/target-config-drop.ts";

/** How often it is asked whether the engine was looked at. */
const FIRST_LOOK_MS = 100;

export type FleetSideOptions = {
  readonly paths: Paths;
  readonly version: string;
  readonly config: ConfigJson;
  /** The one writer of the file: two would share its temporary name. */
  readonly configJson: ConfigJsonFile;
  /** The host's os-release. */
  readonly osRelease: Readonly<Record<string, string>>;
  readonly core: SupervisorCore;
  readonly engine: Engine;
  readonly registryLogin: Pick<RegistryLogin, "loginFor">;
  readonly clock: Clock;
  readonly log: Log;
};

/**
 * All that a fleet has to do with a device: its configuration, the lines that it may read, and, on a managed device, its
 * server. An unmanaged device has the first two as well: a preload configures it, and developers read its lines.
 */
export class FleetSide {
  readonly logs: LogHub;
  readonly #options: FleetSideOptions;
  readonly #config: DeviceConfigInForce;
  readonly #self: SelfSide | undefined;
  #cloud: Cloud | undefined;

  constructor(options: FleetSideOptions) {
    const { config, clock, log, paths, core } = options;
    this.#options = options;
    const source = new JournalSource({
      command: journalctlOf(paths),
      runtimeDir: paths.runtimeDir,
      findService: (id, name) => findService(core.status(), id, name),
      now: clock.now,
    });
    this.logs = new LogHub({ source, clock, log });
    this.#self = SelfSide.of({ ...options, tell: this.tell, server: () => this.#cloud?.contact() ?? "none" });
    this.#config = new DeviceConfigInForce({
      pollIntervalMs: config.appUpdatePollInterval ?? DEFAULT_POLL_MS,
      log,
      tell: this.tell,
      apply: (values, variables) => this.#apply(values, variables),
    });
  }

  /** Reads what is kept of a server, if config.json names one; nothing is asked yet. */
  async open(): Promise<void> {
    const { core, version, osRelease, log } = this.#options;
    const { apiEndpoint: endpoint } = core.facts();
    if (endpoint === "") return;
    if (!isEndpoint(endpoint)) {
      log.error("apiEndpoint of config.json is no http or https address: the fleet server cannot be asked");
      return;
    }
    this.#cloud = await Cloud.open({
      ...this.#options,
      endpoint,
      hub: this.logs,
      device: {
        ...core,
        version,
        selfStatus: () => this.#self?.status(),
        osVariant: () => osVariantOf(osRelease, core.isDevelopment()),
        config: () => this.config(),
        introduced: () => this.#config.again(),
      },
    });
  }

  /** What the fleet sets of the supervisor's behaviour. */
  config(): DeviceConfig {
    return this.#config.values();
  }

  /** Brings the device configuration of a target into force. Never throws. */
  adopt(variables: Readonly<Record<string, string>>): Promise<void> {
    return this.#config.adopt(variables);
  }

  /** The server's side; undefined on an unmanaged device. */
  cloud(): Cloud | undefined {
    return this.#cloud;
  }

  /** Tells the fleet's owner, and whoever reads the device's lines (compat 9). */
  readonly tell = (message: string): void => this.logs.tell(message);

  /** Runs until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#readLogs(signal), this.#cloud?.run(signal), this.#self?.run(signal)]);
  }

  /** Before the first look at the engine nobody knows whose lines the journal holds: those of a restart would be lost. */
  async #readLogs(signal: AbortSignal): Promise<void> {
    const { clock, core } = this.#options;
    while (core.status().current === undefined && !signal.aborted) await clock.sleep(FIRST_LOOK_MS, signal);
    await this.logs.run(signal);
  }

  async #apply(values: DeviceConfig, variables: Readonly<Record<string, string>>): Promise<void> {
    const { configJson, core, paths } = this.#options;
    this.#cloud?.followConfig();
    await core.configChanged();
    await dropTargetConfig(paths.runtimeDir, variables);
    const isSaid = new ConfigVariables(variables).text("SUPERVISOR_PERSISTENT_LOGGING") !== undefined;
    // Until the server has been told what config.json says, its silence means nothing.
    if (!isSaid && this.#cloud?.isIntroduced() !== true) return;
    const required = new RebootRequired(paths.runtimeDir);
    await switchPersistentLogging(values.persistentLogging, { configJson, required, tell: this.tell });
  }
}
