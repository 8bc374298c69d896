import { join } from "node:path";
import * as z from "zod";
import { readIfThere } from "../../storage/durable-file.ts";
import { writeVolatile } from "../../storage/volatile-file.ts";
import type { DeviceReport } from "./device-report.ts";

const file = z.object({
  version: z.literal(1),
  endpoint: z.string(),
  uuid: z.string(),
  report: z.record(z.string(), z.unknown()),
});

/**
 * What the server has been told, over restarts of the supervisor: in memory that a reboot clears, so that the server gets
 * a whole report at least then (compat 5.3). Told to one server of one device, it says nothing about others.
 */
export class ReportCache {
  readonly #path: string;
  readonly #owner: { readonly endpoint: string; readonly uuid: string };

  constructor(runtimeDir: string, owner: { readonly endpoint: string; readonly uuid: string }) {
    this.#path = join(runtimeDir, "state-report-cache");
    this.#owner = owner;
  }

  /** The last report; an empty one when nothing usable is there: then all is told again. */
  async read(): Promise<DeviceReport> {
    const text = await readIfThere(this.#path).catch(() => undefined);
    try {
      const { endpoint, uuid, report } = file.parse(JSON.parse(text ?? ""));
      return endpoint === this.#owner.endpoint && uuid === this.#owner.uuid ? report : {};
    } catch {
      return {};
    }
  }

  /** Old or new; not flushed, since the directory is in memory. A key of the device API is in it. */
  write(report: DeviceReport): Promise<void> {
    return writeVolatile(this.#path, JSON.stringify({ version: 1, ...this.#owner, report }));
  }
}
