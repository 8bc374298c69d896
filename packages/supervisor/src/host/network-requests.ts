import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { worldError } from "@holdfast/contracts";
import type { NetworkAnswer, NetworkRequest } from "@holdfast/contracts/host";
import * as z from "zod";
import { readIfThere } from "../storage/durable-file.ts";
import { writeVolatile } from "../storage/volatile-file.ts";

const answerSchema: z.ZodType<NetworkAnswer> = z.union([
  z.object({
    ok: z.literal(true),
    status: z.enum(["none", "trying", "confirmed", "reverted"]),
    id: z.string().exactOptional(),
    connections: z.array(z.string()).exactOptional(),
    secondsLeft: z.number().exactOptional(),
    reason: z.string().exactOptional(),
  }),
  z.object({ ok: z.literal(false), code: z.string(), message: z.string() }),
]);

/** Bringing former connections back takes a while. */
const PATIENCE_MS = 120_000;
const LOOK_MS = 200;

/** Hands requests about the network to the host, which alone decides: the supervisor may die meanwhile. */
export class NetworkRequests {
  readonly #folder: string;

  constructor(runtimeDir: string) {
    this.#folder = join(runtimeDir, "network");
  }

  /** @throws `supervisor.host-silent` when the host does not answer in time; what it does then is in its status */
  async ask(request: NetworkRequest): Promise<NetworkAnswer> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const base = join(this.#folder, randomUUID());
    const answer = `${base}.answer`;
    await writeVolatile(`${base}.request`, JSON.stringify(request));
    try {
      for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_MS) {
        const text = await readIfThere(answer);
        if (text !== undefined) return answerSchema.parse(JSON.parse(text));
        await sleep(LOOK_MS);
      }
    } finally {
      await rm(answer, { force: true });
      await rm(`${base}.request`, { force: true });
    }
    throw worldError("supervisor.host-silent", {
      message: "The host did not answer a request about the network.",
      hint: "On the device: journalctl -u holdfast-network-request",
    });
  }
}
