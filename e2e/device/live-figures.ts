import path from "node:path";
import { repositoryRoot } from "@holdfast/cli";
import { z } from "zod";
import type { Device } from "./device.ts";

const figuresSchema = z.object({ device: z.string(), uptime: z.number() });
type Figures = z.output<typeof figuresSchema>;

type Listen = (
  url: string,
  topic: string,
  on: { readonly onState: (state: string) => void; readonly onMessage: (text: string) => void },
) => void;

/**
 * What the sample's page shows, taken the way the page does: its own script, through the forwarded port and nginx, from
 * the broker. Returns the first `count` messages.
 */
export async function liveFigures(device: Device, count: number, patienceMs: number): Promise<Figures[]> {
  const script = path.join(repositoryRoot, "examples/telemetry/web/page/mqtt.js");
  const { listen } = z
    .object({ listen: z.custom<Listen>((value) => typeof value === "function") })
    .parse(await import(script));
  const messages: Figures[] = [];
  const url = device.url("http", "/mqtt").replace("http:", "ws:");
  return await new Promise((resolve, reject) => {
    let state = "";
    const timer = setTimeout(() => {
      reject(new Error(`${messages.length} of ${count} messages within ${patienceMs} ms; the page's state: ${state}`));
    }, patienceMs);
    listen(url, "telemetry/host", {
      onState: (now) => {
        state = now;
      },
      onMessage: (text) => {
        messages.push(figuresSchema.parse(JSON.parse(text)));
        if (messages.length < count) return;
        clearTimeout(timer);
        resolve(messages.slice(0, count));
      },
    });
  });
}
