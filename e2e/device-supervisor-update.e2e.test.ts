import { minutes } from "@holdfast/contracts";
import { waitForHttp } from "@holdfast/vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { bootedDevice } from "./device/booted-device.ts";
import type { Device } from "./device/device.ts";
import { BOOT_PATIENCE } from "./device/device-lab.ts";

/** A trial takes two minutes of health, and a bad one three starts that the watchdog may have to end. */
const PATIENCE = minutes(10);
const LIMIT = PATIENCE + 2 * BOOT_PATIENCE;
const patiently = { timeout: PATIENCE, interval: 3_000 };
const manifestSchema = z.object({ image: z.string(), id: z.string(), version: z.string() });
let device: Device;
let slot: z.infer<typeof manifestSchema>;

beforeAll(async () => {
  device = await bootedDevice("e2e-supervisor-update");
  slot = manifestSchema.parse(await device.json("cat /usr/lib/holdfast/supervisor.json"));
}, LIMIT);
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

/**
 * Another version without a registry: the image that runs with another label, built by the device's own engine. It goes
 * through an archive, or the engine would keep the image that it was built from for its sake, as for no downloaded one.
 */
async function makeVersion(version: string, ...lines: readonly string[]): Promise<string> {
  const [name, archive] = [`test/supervisor:${version}`, "/mnt/data/version.tar"];
  const from = (await running()).split(" ")[1];
  await device.shell(`docker tag ${from} test/supervisor:running`);
  const file = ["FROM test/supervisor:running", `LABEL io.holdfast.supervisor=${version}`, ...lines].join("\\n");
  const id = await device.shell(`printf '${file}\\n' | DOCKER_BUILDKIT=0 docker build --quiet --tag ${name} -`);
  await device.shell(
    `docker save --output ${archive} ${name} && docker rmi --force ${name} test/supervisor:running && docker load --input ${archive} && rm ${archive} && sync`,
  );
  return id;
}

async function wishFor(release: string, id: string): Promise<void> {
  const folder = "/mnt/data/resin-data/balena-supervisor";
  const wish = JSON.stringify({ version: 1, release, id, needsServer: false });
  await device.shell(
    `printf '%s' '${wish}' >${folder}/wish.new && mv ${folder}/wish.new ${folder}/supervisor-wish.json`,
  );
}

const running = async (): Promise<string> =>
  await device.shell("docker inspect --format '{{.State.Running}} {{.Image}}' balena_supervisor || true");
const record = async (): Promise<string> =>
  await device.shell("cat /mnt/data/supervisor-update/record.json 2>/dev/null || true");
const apps = async (): Promise<string> =>
  await device.shell("docker ps --quiet --no-trunc --filter label=io.balena.service-name | sort");
const untilAnswering = async (): Promise<Response> =>
  await waitForHttp(device.vm, "api", "/ping", { timeout: PATIENCE });

describe("a supervisor that the fleet names", () => {
  it("goes through a power cut on trial, is confirmed, and apps run on", { timeout: LIMIT }, async () => {
    const id = await makeVersion("9.0.0");
    await wishFor("good", id);
    await expect.poll(running, patiently).toBe(`true ${id}`);
    await device.cutAndStart();
    await device.untilUp();
    await expect.poll(running, patiently).toBe(`true ${id}`);
    await untilAnswering();
    const before = await apps();
    await expect.poll(record, patiently).toContain('"confirmed":{"release":"good"');
    expect(await apps()).toBe(before);
    const former = async (): Promise<string> => await device.shell(`docker image inspect ${slot.id} 2>&1 || true`);
    await expect.poll(former, patiently).toContain("No such image");
    expect(await device.api("/v1/healthy")).toBe("OK");
  });

  it.each([
    ["exits at once", "exiting", 'CMD ["node","-e","process.exit(3)"]', "it ended by itself with status 3"],
    ["never answers", "silent", 'CMD ["node","-e","setInterval(()=>{},1000)"]', "it did not answer"],
  ])("is refused when it %s, and the former one runs again", { timeout: LIMIT }, async (_, release, line, reason) => {
    // Above the 30 s between two probes; what is silent is ended sooner than after the three minutes of the unit.
    const dropIn = "/run/systemd/system/balena-supervisor.service.d";
    await device.shell(`mkdir -p ${dropIn} && printf '[Service]\\nWatchdogSec=60\\n' >${dropIn}/test.conf`);
    await device.shell("systemctl daemon-reload");
    const former = (await running()).split(" ")[1] ?? "";
    const id = await makeVersion(`9.1.0-${release}`, line);
    const before = await apps();
    await wishFor(release, id);
    await expect.poll(record, patiently).toContain(`"refused":{"release":"${release}"`);
    expect(await record()).toContain(reason);
    await untilAnswering();
    expect(await running()).toBe(`true ${former}`);
    expect(await apps()).toBe(before);
  });
});

describe("the supervisor's container", () => {
  it("has five capabilities and one group, and cannot change its own program", async () => {
    const inspected =
      "docker inspect --format '{{.HostConfig.Privileged}} {{.HostConfig.ReadonlyRootfs}}' balena_supervisor";
    expect(await device.shell(inspected)).toBe("false true");
    const pid = await device.shell("docker inspect --format '{{.State.Pid}}' balena_supervisor");
    const status = await device.shell(`grep -E '^(Groups|CapBnd|NoNewPrivs|Seccomp):' /proc/${pid}/status`);
    expect(status.replaceAll("\t", " ").split(/ *\n/)).toEqual([
      "Groups: 0 2000000000",
      "CapBnd: 000000000004040b",
      "NoNewPrivs: 1",
      "Seccomp: 2",
    ]);
  });
});
