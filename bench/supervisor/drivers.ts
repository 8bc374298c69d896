import { setTimeout as sleep } from "node:timers/promises";
import { FakeFleet } from "../../e2e/fleet/fake-fleet.ts";
import type { Scene } from "./scene.ts";
import { fleetTarget, localTarget, type Wanted } from "./targets.ts";

const UUID = "0123456789abcdef0123456789abcdef";
/** A report, which brings the key, comes some seconds after the registration. */
const KEY_PATIENCE_MS = 60_000;

/** Whoever tells the supervisor what should run, and reads its services' lines. */
export type Driver = AsyncDisposable & {
  readonly name: string;
  readonly want: (wanted: Wanted) => Promise<void>;
  /** Of the device API; empty where none is asked for. */
  readonly key: () => string;
  /** Whether a line has come. */
  readonly heard: (line: string) => boolean;
  /** Once the supervisor is started. */
  readonly join: () => Promise<void>;
};

/** An unmanaged device in development: a developer pushes targets and follows the logs. */
export function localDriver({ supervisor }: Scene): Driver {
  const over = new AbortController();
  let tail = "";
  return {
    name: "local",
    key: () => "",
    want: async (wanted) => {
      const answer = await supervisor.post("/v2/local/target-state", localTarget(wanted));
      if (!answer.ok) throw new Error(`the target was refused: ${await answer.text()}`);
    },
    heard: (line) => tail.includes(line),
    join: async () => {
      const logs = await fetch(`http://127.0.0.1:${supervisor.port}/v2/local/logs`, { signal: over.signal });
      const read = async (): Promise<void> => {
        for await (const chunk of logs.body ?? []) tail = (tail + Buffer.from(chunk).toString()).slice(-8000);
      };
      // It ends with the supervisor or with this driver; a line that never came is missed by whoever waits for it.
      read().catch(() => undefined);
    },
    [Symbol.asyncDispose]: async () => over.abort(),
  };
}

/** A managed device: it polls a fleet server, reports to it and sends it the logs. */
export async function fleetDriver({ supervisor }: Scene, first: Wanted): Promise<Driver> {
  const fleet = await FakeFleet.start();
  fleet.want(fleetTarget(first));
  supervisor.configure({
    uuid: UUID,
    apiEndpoint: fleet.url,
    apiKey: fleet.provisioningKey,
    deviceApiKey: "device-key",
    applicationId: 5,
    bootstrapRetryDelay: 300,
    initialDeviceName: "bench",
    os: { sshKeys: [] },
  });
  const key = (): string => fleet.reported.get(UUID)?.api_secret ?? "";
  let seen = 0;
  let tail = "";
  return {
    name: "polled",
    key,
    want: async (wanted) => {
      fleet.want(fleetTarget(wanted));
      const answer = await supervisor.post(`/v1/update?apikey=${key()}`, { force: true });
      if (!answer.ok) throw new Error(`the update was refused: ${await answer.text()}`);
    },
    heard: (line) => {
      tail = (
        tail +
        fleet.lines
          .slice(seen)
          .map(({ message }) => message)
          .join("\n")
      ).slice(-8000);
      seen = fleet.lines.length;
      return tail.includes(line);
    },
    join: async () => {
      for (const giveUp = Date.now() + KEY_PATIENCE_MS; key() === ""; await sleep(100))
        if (Date.now() > giveUp) throw new Error(`the supervisor did not report its key: ${supervisor.output()}`);
    },
    [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose](),
  };
}
