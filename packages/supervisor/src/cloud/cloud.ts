import type { ServerContact } from "@holdfast/contracts/host";
import type { Clock } from "../clock.ts";
import type { ConfigJson } from "../device/config-json.ts";
import type { ConfigJsonFile } from "../device/config-json-file.ts";
import type { Paths } from "../device/paths.ts";
import type { Log } from "../log.ts";
import type { LogHub } from "../logs/log-hub.ts";
import { isTruthy } from "../spec/labels.ts";
import { Attempts } from "./attempts.ts";
import type { CloudDevice } from "./cloud-device.ts";
import { composeReport } from "./compose-report.ts";
import { CloudHttp } from "./http/cloud-http.ts";
import { LogUplink } from "./logs/log-uplink.ts";
import { CloudStore } from "./registration/cloud-store.ts";
import type { DeviceSays } from "./registration/initial-variables.ts";
import type { Introducing } from "./registration/introduce.ts";
import { Introduction } from "./registration/introduction.ts";
import { type Registered, Registration } from "./registration/registration.ts";
import { readAddresses } from "./report/addresses.ts";
import { type Metrics, MetricsReader } from "./report/metrics.ts";
import { ReportCache } from "./report/report-cache.ts";
import { StateReporter } from "./report/state-reporter.ts";
import { type DeviceTag, fetchTags } from "./tags/fetch-tags.ts";
import { TagQueue, type Tags } from "./tags/tag-queue.ts";
import { CloudTarget, type Poke } from "./target/cloud-target.ts";

export type CloudOptions = {
  /** `apiEndpoint`, an http or https address. */
  readonly endpoint: string;
  readonly config: ConfigJson;
  readonly configJson: ConfigJsonFile;
  readonly device: CloudDevice;
  readonly paths: Paths;
  readonly hub: LogHub;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
};

/** Counts since the start of the process. */
export type CloudActivity = {
  readonly target: Attempts;
  readonly report: Attempts;
  /** Lines of services. */
  readonly logs: { readonly sent: number; readonly lost: number };
};

const DEFAULT_RETRY_MS = 30_000;

/** Whether a text can be the address of a fleet server. */
export function isEndpoint(text: string): boolean {
  const url = URL.parse(text);
  return (url?.protocol === "http:" || url?.protocol === "https:") && url.search === "";
}

/** The device's side of its fleet server: registration, target, report, logs and tags. */
export class Cloud {
  readonly #options: CloudOptions;
  readonly #http: CloudHttp;
  readonly #store: CloudStore;
  readonly #tags: TagQueue;
  readonly #target: CloudTarget;
  readonly #uplink: LogUplink;
  readonly #metrics: MetricsReader;
  readonly #reports = new Attempts();
  #device: Registered | undefined;
  #stopLogs: (() => void) | undefined;

  private constructor(options: CloudOptions, parts: CloudParts) {
    const { device, config, endpoint, hub, clock, log, paths } = options;
    this.#options = options;
    this.#http = parts.http;
    this.#store = parts.store;
    this.#tags = parts.tags;
    this.#target = new CloudTarget({
      http: parts.http,
      clock,
      log,
      tell: (message) => hub.tell(message),
      policy: device.config,
      onTarget: device.takeTarget,
      onPoke: device.obey,
      ...(options.random === undefined ? {} : { random: options.random }),
    });
    const { logsEndpoint = "" } = config;
    const logsTo = (isEndpoint(logsEndpoint) ? logsEndpoint : endpoint).replace(/\/+$/, "");
    this.#uplink = new LogUplink({ http: parts.http, endpoint: logsTo, clock, log });
    this.#metrics = new MetricsReader({ proc: "/proc", sys: "/sys", data: paths.dataMount });
  }

  /** Reads what is kept; nothing is asked yet. */
  static async open(options: CloudOptions): Promise<Cloud> {
    const { endpoint, device, paths, clock, log } = options;
    const http = new CloudHttp({
      endpoint,
      timeoutMs: () => device.config().apiRequestTimeoutMs,
      userAgent: `holdfast-supervisor/${device.version}`,
    });
    const limitMs = () => device.config().pollIntervalMs;
    const tags = await TagQueue.open({ http, dataDir: paths.dataDir, clock, log, limitMs });
    const store = await CloudStore.open(paths.dataDir, log);
    return new Cloud(options, { http, store, tags });
  }

  /** Looks for a new target now (POST /v1/update). */
  poke(poke: Poke): void {
    this.#target.poke(poke);
  }

  /** Whether it does its work, whatever the server does. */
  isAlive(): boolean {
    return this.#target.isAlive();
  }

  /** The best that the server did since this program started. */
  contact(): ServerContact {
    return this.#http.contact();
  }

  /** What was done with the server since the start. */
  activity(): CloudActivity {
    const { sent, buffer } = this.#uplink;
    return { target: this.#target.attempts, report: this.#reports, logs: { sent, lost: buffer.lost } };
  }

  /** The server's word alone counts for what the device came with. */
  isIntroduced(): boolean {
    return this.#store.get().introducedTo === this.#http.endpoint;
  }

  /** Remembers the release that a preloaded device stays at. Returns when that is on the disk. */
  async pinTo(pin: { readonly appId: number; readonly commit: string }): Promise<void> {
    await this.#store.put({ ...this.#store.get(), pin });
  }

  /** Follows the device configuration: logs are sent, or not. */
  followConfig(): void {
    const { device, hub } = this.#options;
    const mayLog = this.#device !== undefined && device.config().loggingEnabled && !device.isLocalMode();
    if (mayLog) {
      this.#stopLogs ??= hub.listen((message) => this.#uplink.buffer.push(message));
      return;
    }
    this.#stopLogs?.();
    this.#stopLogs = undefined;
    // While the device is not registered yet, nothing says that its lines are not wanted.
    if (this.#device !== undefined) hub.skip();
  }

  /** Tags of the device as the server has them. Undefined while no server knows the device. */
  tags():
    | { readonly list: () => Promise<readonly DeviceTag[]>; readonly set: (tags: Tags) => Promise<void> }
    | undefined {
    const device = this.#device;
    if (device === undefined) return undefined;
    return { list: () => fetchTags(this.#http, device), set: (tags) => this.#tags.put(tags) };
  }

  /** Registers and then keeps in touch, until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, device: own } = this.#options;
    const device = await this.#registration().run(signal);
    if (device === undefined) return;
    this.#device = device;
    await own.identify(device);
    this.followConfig();
    this.#options.hub.tell("Supervisor starting");
    const introduction = this.#introduction(await this.#says());
    const introducing: Introducing = { http: this.#http, device, log, signal };
    await introduction.pin(introducing);
    const cache = new ReportCache(this.#options.paths.runtimeDir, { endpoint: this.#http.endpoint, uuid: device.uuid });
    const limitMs = () => own.config().pollIntervalMs;
    const reporter = new StateReporter({
      http: this.#http,
      clock,
      log,
      compose: () => this.#compose(),
      cache,
      attempts: this.#reports,
      limitMs,
    });
    await Promise.all([
      this.#target.run(device, signal),
      reporter.run(device, signal),
      this.#uplink.run(device, signal),
      this.#tags.run(device, signal),
      introduction.run(introducing),
    ]);
  }

  #registration(): Registration {
    const { configJson, clock, log, device, config } = this.#options;
    return new Registration({
      http: this.#http,
      config: configJson,
      clock,
      log,
      retryMs: config.bootstrapRetryDelay ?? DEFAULT_RETRY_MS,
      facts: async () => ({
        deviceType: device.facts().deviceType,
        supervisorVersion: device.version,
        osVersion: device.facts().osVersion,
        osVariant: device.osVariant(),
        macAddress: (await readAddresses()).mac,
      }),
    });
  }

  #introduction(says: DeviceSays): Introduction {
    const { clock, config, device } = this.#options;
    return new Introduction({
      store: this.#store,
      clock,
      name: config.initialDeviceName,
      says,
      onDone: () => device.introduced(),
      retryMs: config.bootstrapRetryDelay ?? DEFAULT_RETRY_MS,
    });
  }

  /** Asked before the first poll: the target that it brings replaces the preload. */
  async #says(): Promise<DeviceSays> {
    const { configJson, config, device } = this.#options;
    const target = device.fleetTarget();
    return {
      preloaded: target?.source === "preload" ? target.config : {},
      persistentLogging: isTruthy(String(await configJson.read("persistentLogging"))),
      pollIntervalMs: config.appUpdatePollInterval,
    };
  }

  async #compose() {
    const { device } = this.#options;
    const metrics: Metrics | undefined = device.config().hardwareMetrics ? await this.#metrics.read() : undefined;
    return composeReport({ device, addresses: await readAddresses(), metrics, problem: this.#target.problem() });
  }
}

type CloudParts = { readonly http: CloudHttp; readonly store: CloudStore; readonly tags: TagQueue };
