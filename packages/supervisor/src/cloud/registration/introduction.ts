import { messageOf } from "@holdfast/contracts";
import type { Clock } from "../../clock.ts";
import { retryPause } from "../target/poll-pause.ts";
import { readTargetAnswer } from "../target/read-target-answer.ts";
import type { CloudStore } from "./cloud-store.ts";
import { type DeviceSays, initialVariables } from "./initial-variables.ts";
import { type Introducing, introduceName, introducePin, introduceVariables } from "./introduce.ts";

export type IntroductionOptions = {
  readonly store: CloudStore;
  readonly clock: Clock;
  readonly says: DeviceSays;
  readonly name: string | undefined;
  /** Called once the server has what the device came with: from then on its word counts alone. */
  readonly onDone: () => Promise<void>;
  /** Pause between two tries to pin, in milliseconds. */
  readonly retryMs: number;
};

const LONGEST_RETRY_MS = 900_000;

/** Tells a server, once, what the device came with: the release it is pinned to, its configuration, its name (compat 5.1). */
export class Introduction {
  readonly #options: IntroductionOptions;

  constructor(options: IntroductionOptions) {
    this.#options = options;
  }

  /** Before the first poll, or the fleet's newest release would replace the preloaded one. Returns when it is done. */
  async pin(introducing: Introducing): Promise<void> {
    const { store, clock, retryMs } = this.#options;
    const { log, signal } = introducing;
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const { pin, ...rest } = store.get();
      if (pin === undefined) return;
      try {
        await introducePin(introducing, pin);
        return await store.put(rest);
      } catch (error) {
        if (isFirst) log.warn(`The device is not pinned yet: ${messageOf(error)}`);
        await clock.sleep(retryMs, signal);
      }
    }
  }

  /** The rest; tried until it is done or the signal fires. */
  async run(introducing: Introducing): Promise<void> {
    const { store, clock, onDone } = this.#options;
    const { http, log, signal } = introducing;
    for (let failures = 1; !signal.aborted; failures += 1) {
      if (store.get().introducedTo === http.endpoint) return await onDone();
      try {
        await this.#introduce(introducing);
        await store.put({ ...store.get(), introducedTo: http.endpoint });
      } catch (error) {
        if (failures === 1 && !signal.aborted) log.warn(`The device's configuration is not told: ${messageOf(error)}`);
        await clock.sleep(retryPause(failures, LONGEST_RETRY_MS), signal);
      }
    }
  }

  async #introduce(introducing: Introducing): Promise<void> {
    const { http, device, signal } = introducing;
    const { says, name } = this.#options;
    const path = `/device/v3/${device.uuid}/state`;
    const answer = await http.ask({ method: "GET", path, key: device.deviceKey, signal });
    const read = readTargetAnswer(answer, device.uuid, false);
    // Without knowing what the server has, it must not be told over.
    if (read.kind !== "target") throw new Error("the target state cannot be used");
    await introduceVariables(introducing, initialVariables(says, read.target.config));
    if (name !== undefined) await introduceName(introducing, name);
  }
}
