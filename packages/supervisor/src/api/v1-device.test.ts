import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readVpn } from "../host/vpn-state.ts";
import { ApiClient } from "../testing/api-client.ts";
import { ApplyBench } from "../testing/apply-bench.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { deviceSelfRoutes } from "./v1-device.ts";

async function serve(bench: ApplyBench): Promise<ApiClient> {
  return ApiClient.serve(
    deviceSelfRoutes({
      version: "1.2.3",
      status: () => bench.loop.status(),
      apiPort: () => 48_484,
      osVersion: () => "Holdfast 1.0",
      addresses: async () => ({ ip: "192.0.2.7 2001:db8::7", mac: "02:00:00:00:00:01" }),
      vpn: async () => ({ enabled: true, connected: false }),
      hasFailed: () => bench.loop.hasFailed(),
    }),
  );
}

describe("what a device tells of itself", () => {
  it("is idle when its app runs, and says so in the words of v1", async () => {
    await using bench = new ApplyBench();
    await using client = await serve(bench);
    bench.want({ services: { web: {} } });
    await bench.untilApplied();
    expect(await client.get("/v1/device")).toEqual([
      200,
      {
        api_port: 48_484,
        ip_address: "192.0.2.7 2001:db8::7",
        os_version: "Holdfast 1.0",
        mac_address: "02:00:00:00:00:01",
        supervisor_version: "1.2.3",
        update_pending: false,
        update_failed: false,
        update_downloaded: false,
        commit: "one",
        status: "Idle",
      },
    ]);
    expect(await client.get("/v2/device/vpn")).toEqual([
      200,
      { status: "success", vpn: { enabled: true, connected: false } },
    ]);
  });

  it("has an update that is pending, and fails, when an image cannot be had", async () => {
    await using bench = new ApplyBench();
    await using client = await serve(bench);
    bench.want({ services: { web: { image: "gone:1" } } });
    await bench.until(() => bench.loop.hasFailed());
    expect((await client.get("/v1/device"))[1]).toMatchObject({
      update_pending: true,
      update_failed: true,
      update_downloaded: false,
      status: "Downloading",
    });
  });

  it("tells of each app by the numbers of its images, to keys that reach it", async () => {
    await using bench = new ApplyBench();
    await using client = await serve(bench);
    bench.want({ services: { web: {}, db: {} } });
    await bench.untilApplied();
    const service = { status: "Running", releaseId: 10, download_progress: null };
    const state = { commit: "one", local: { 1: { services: { 200: service, 201: service } } } };
    expect(await client.get("/v2/applications/1/state", client.keys.keyFor(1, "web"))).toEqual([200, state]);
    const missing = (id: number) => [409, { status: "failed", message: `Application ID does not exist: ${id}` }];
    expect(await client.get("/v2/applications/9/state")).toEqual(missing(9));
    expect(await client.get("/v2/applications/1/state", client.keys.keyFor(2, "web"))).toEqual(missing(1));
    expect((await client.get("/v2/applications/x/state"))[0]).toBe(400);
  });
});

describe("what the fleet says of the device", () => {
  it("tells whether the tunnel should be up, and whether it is", async () => {
    await using scratch = await scratchDirectory();
    expect(await readVpn(scratch.path, true)).toEqual({ enabled: true, connected: false });
    expect(await readVpn(scratch.path, false)).toEqual({ enabled: false, connected: false });
    await mkdir(join(scratch.path, "run/openvpn/vpn_status"), { recursive: true });
    await writeFile(join(scratch.path, "run/openvpn/vpn_status/active"), "");
    expect(await readVpn(scratch.path, true)).toEqual({ enabled: true, connected: true });
  });
});
