import { randomBytes } from "node:crypto";
import { messageOf } from "@holdfast/contracts";
import * as z from "zod";
import type { Clock } from "../../clock.ts";
import type { ConfigContent, ConfigJsonFile } from "../../device/config-json-file.ts";
import type { Log } from "../../log.ts";
import { parseBoundedJson } from "../http/bounded-json.ts";
import type { CloudHttp } from "../http/cloud-http.ts";
import { serverRefusal } from "../http/server-refusal.ts";
import { exchangeKey } from "./exchange-key.ts";
import { type Identity, identityOf } from "./identity.ts";
import { planRegistration } from "./plan-registration.ts";

/** What the device says of itself when it registers. */
export type RegistrationFacts = {
  readonly deviceType: string;
  readonly supervisorVersion: string;
  readonly osVersion: string;
  readonly osVariant: "dev" | "prod";
  readonly macAddress: string;
};

/** The device as its server knows it. */
export type Registered = { readonly uuid: string; readonly deviceKey: string; readonly deviceId: number };

export type RegistrationOptions = {
  readonly http: CloudHttp;
  readonly config: ConfigJsonFile;
  readonly clock: Clock;
  readonly log: Log;
  readonly facts: () => Promise<RegistrationFacts>;
  /** Pause between two tries, in milliseconds. */
  readonly retryMs: number;
  /** Sixteen random bytes as hex; a uuid or a key. */
  readonly random?: () => string;
};

const CREATED = 201;
const CONFLICT = 409;
const randomHex = (): string => randomBytes(16).toString("hex");

const registeredAnswer = z.object({ id: z.int(), api_key: z.string().min(1).optional() });

/**
 * Makes the device known to its server, once for its life there. Each step starts from config.json and ends with one
 * durable change of it, so that a power cut anywhere repeats a step at most: the device's key is on flash before the
 * server hears of it, and a registration that was not written down is found again by that key.
 */
export class Registration {
  readonly #options: RegistrationOptions;
  readonly #random: () => string;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.#random = options.random ?? randomHex;
  }

  /** Tries until the device is registered; undefined when the signal fired before. Never throws. */
  async run(signal: AbortSignal): Promise<Registered | undefined> {
    const { clock, log, retryMs } = this.#options;
    let lastReason = "";
    while (!signal.aborted) {
      try {
        const registered = await this.#attempt(signal);
        if (registered !== undefined) return registered;
      } catch (error) {
        // A server that is away for weeks is told of once.
        if (messageOf(error) !== lastReason && !signal.aborted)
          log.warn(`The device is not registered yet: ${messageOf(error)}; trying again every ${retryMs / 1000} s`);
        lastReason = messageOf(error);
        await clock.sleep(retryMs, signal);
      }
    }
    return undefined;
  }

  /** One step; undefined when there is another one to do. */
  async #attempt(signal: AbortSignal): Promise<Registered | undefined> {
    const identity = identityOf(await this.#options.config.content());
    const step = planRegistration(identity);
    switch (step.do) {
      case "wait":
        throw new Error(step.reason);
      case "nothing":
        return await this.#registered(identity, step.deviceId);
      case "forget-provisioning-key":
        await this.#settle(step.deviceId);
        return undefined;
      case "register":
        await this.#register(identity, step.provisioningKey, signal);
        return undefined;
      case "exchange-key":
        await this.#exchange(identity, step.mayBecomeAnother, signal);
        return undefined;
    }
  }

  async #registered(identity: Identity, deviceId: number): Promise<Registered> {
    const { uuid = "" } = identity;
    return { uuid, deviceKey: await this.#deviceKey(identity), deviceId };
  }

  /** The device's key; the host makes one at the first boot, and without one it is made here. */
  async #deviceKey({ deviceApiKey }: Identity): Promise<string> {
    if (deviceApiKey !== undefined) return deviceApiKey;
    const made = this.#random();
    const content = await this.#options.config.edit((now) => withKey(now, identityOf(now).deviceApiKey ?? made));
    return identityOf(content).deviceApiKey ?? made;
  }

  async #register(identity: Identity, provisioningKey: string, signal: AbortSignal): Promise<void> {
    const { http, facts, log } = this.#options;
    const { uuid = "", applicationId, userId } = identity;
    const deviceKey = await this.#deviceKey(identity);
    const about = await facts();
    const body = {
      ...(userId === undefined ? {} : { user: userId }),
      application: applicationId,
      device_type: about.deviceType,
      uuid,
      api_key: deviceKey,
      supervisor_version: about.supervisorVersion,
      os_version: about.osVersion,
      os_variant: about.osVariant,
      mac_address: about.macAddress,
    };
    const answer = await http.ask({ method: "POST", path: "/device/register", key: provisioningKey, body, signal });
    if (answer.status === CONFLICT) return await this.#exchange(identity, false, signal);
    if (answer.status !== CREATED) throw serverRefusal("The registration was refused", answer);
    const parsed = registeredAnswer.safeParse(parseBoundedJson(answer.body));
    if (!parsed.success) throw serverRefusal("The registration was answered without the device's number", answer);
    log.info(`Registered as device ${parsed.data.id}`);
    await this.#settle(parsed.data.id, parsed.data.api_key);
  }

  async #exchange(identity: Identity, mayBecomeAnother: boolean, signal: AbortSignal): Promise<void> {
    const { http, log } = this.#options;
    const { uuid = "", apiKey: provisioningKey } = identity;
    const deviceKey = await this.#deviceKey(identity);
    const exchanged = await exchangeKey({ http, uuid, deviceKey, provisioningKey, signal });
    if (exchanged !== "unknown") {
      log.info(`The fleet server knows this device as ${exchanged.id}`);
      return await this.#settle(exchanged.id);
    }
    if (!mayBecomeAnother) throw new Error("the fleet server does not have this device");
    log.warn("The fleet server has forgotten this device: it registers as a new one");
    await this.#becomeAnother();
  }

  /** Writes down that the server knows the device; the provisioning key is not needed any more. */
  async #settle(deviceId: number, serversKey?: string): Promise<void> {
    const now = this.#options.clock.now();
    await this.#options.config.edit(({ apiKey: _, ...content }) => {
      const keyed = serversKey === undefined ? content : withKey(content, serversKey);
      // Nought and empty text stand for "not registered" in files of some tools.
      return { ...keyed, registered_at: identityOf(content).registered_at || now, deviceId };
    });
  }

  async #becomeAnother(): Promise<void> {
    const [uuid, key] = [this.#random(), this.#random()];
    await this.#options.config.edit(({ registered_at: _, deviceId: __, ...content }) =>
      withKey({ ...content, uuid }, key),
    );
  }
}

/** Sets the device's key, also where the host remembers the keys of servers. */
function withKey(content: ConfigContent, key: string): ConfigContent {
  const { deviceApiKeys, apiEndpoint } = content;
  const host = typeof apiEndpoint === "string" ? URL.parse(apiEndpoint)?.host : undefined;
  const isRemembered = typeof deviceApiKeys === "object" && deviceApiKeys !== null && host !== undefined;
  return {
    ...content,
    deviceApiKey: key,
    ...(isRemembered ? { deviceApiKeys: { ...deviceApiKeys, [host]: key } } : {}),
  };
}
