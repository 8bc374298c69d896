import { describe, expect, it } from "vitest";
import { SUPERVISOR_SETTINGS, supervisorSettings } from "../config/areas/supervisor.ts";
import { PowerCut, type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";
import { SPEC_LABEL, supervisorContainer } from "./container-spec.ts";
import { runSupervisor } from "./run-supervisor.ts";
import { SimulatedEngine } from "./simulated-engine.ts";

const files = { "/usr/bin/node": "aa".repeat(32), "/usr/src/app/supervisor.js": "bb".repeat(32) };
const manifest = { image: "holdfast/supervisor:1", id: "sha256:abc", version: "1", files };
const LAYER = "/layers/sha256:abc";

const slotEngine = (content = files): SimulatedEngine =>
  new SimulatedEngine([manifest.id, { version: "1", files: content }]);

function device(engine: SimulatedEngine): SimulatedMachine {
  const machine = simulateMachine(engine.handle);
  machine.put("/usr/lib/holdfast/supervisor.json", JSON.stringify(manifest));
  machine.put(SUPERVISOR_SETTINGS, JSON.stringify(supervisorSettings({ listenPort: 4242 })));
  machine.put("/tmp/x", "");
  return machine;
}

/** Until the power fails, after that many looks. */
function runFor(machine: SimulatedMachine, engine: SimulatedEngine, waits = 1): void {
  engine.waits = waits;
  expect(() => runSupervisor(machine)).toThrow(PowerCut);
  engine.losePower();
}

describe("runSupervisor", () => {
  it("imports the image into an empty store, starts the container and tells systemd", () => {
    const engine = slotEngine();
    const machine = device(engine);
    runFor(machine, engine, 2);
    expect(engine.loads).toBe(1);
    expect(engine.container?.spec["Env"]).toContain("LISTEN_PORT=4242");
    expect(machine.commands).toContain("systemd-notify --ready --status=supervisor 1 runs");
    const attached = machine.commands.indexOf("detach /usr/lib/holdfast/supervisor-output balena_supervisor");
    expect(attached).toBeGreaterThan(machine.commands.findIndex((line) => line.includes("/containers/create")));
    expect(attached).toBeLessThan(machine.commands.findIndex((line) => line.endsWith("/start")));
    expect(machine.commands.filter((line) => line === "systemd-notify WATCHDOG=1")).toHaveLength(2);
    expect(machine.commands.some((line) => line.endsWith("http://127.0.0.1:4242/ping"))).toBe(true);
  });

  it("ends with status 1 when the container ends, and does not feed the watchdog of one that is silent", () => {
    const ending = new SimulatedEngine([manifest.id, { version: "1", files, ends: true }]);
    expect(runSupervisor(device(ending))).toBe(1);
    const silent = new SimulatedEngine([manifest.id, { version: "1", files, isSilent: true }]);
    const machine = device(silent);
    runFor(machine, silent, 5);
    expect(machine.commands).not.toContain("systemd-notify WATCHDOG=1");
  });

  it("takes a whole image as it is", () => {
    const engine = slotEngine();
    const machine = device(engine);
    runFor(machine, engine);
    runFor(machine, engine);
    expect(engine.loads).toBe(1);
  });

  it.each([
    ["changed", "/usr/bin/node", "corrupt"],
    ["missing", "/usr/src/app/supervisor.js", undefined],
  ])("imports again when a file of a layer is %s", (_, path, content) => {
    const engine = slotEngine();
    const machine = device(engine);
    runFor(machine, engine);
    engine.store(machine, "sha256:older", { version: "0", files });
    machine.remove(LAYER + path);
    if (content !== undefined) machine.put(LAYER + path, content);
    runFor(machine, engine);
    expect(engine.loads).toBe(2);
    expect(machine.lines).toContain("importing the supervisor again from the slot");
    // An older version may share the damaged layer and would keep it.
    expect(engine.images.has("sha256:older")).toBe(false);
  });

  it("does not start an image that is damaged even after its import", () => {
    const engine = slotEngine({ ...files, "/usr/bin/node": "?" });
    expect(() => runSupervisor(device(engine))).toThrow("damaged after its import");
    expect(engine.container).toBeUndefined();
  });

  it("makes the container anew when its specification changed, and only then", () => {
    const engine = slotEngine();
    const machine = device(engine);
    runFor(machine, engine);
    const first = engine.container;
    runFor(machine, engine);
    expect(engine.container).toBe(first);
    machine.put(SUPERVISOR_SETTINGS, JSON.stringify(supervisorSettings({ listenPort: 5000 })));
    runFor(machine, engine);
    expect(engine.container).not.toBe(first);
  });

  it("takes over a container that runs already, as after a kill of the unit's program", () => {
    const engine = slotEngine();
    const machine = device(engine);
    runFor(machine, engine);
    if (engine.container !== undefined) engine.container.running = true;
    runFor(machine, engine);
    expect(machine.lines.filter((line) => line.includes("answers on port"))).toHaveLength(2);
  });
});

describe("supervisorContainer", () => {
  const subject = { ...manifest, slot: manifest.id };

  it("has another label for another image or configuration", () => {
    const label = (id: string, config: Parameters<typeof supervisorSettings>[0]) =>
      supervisorContainer({ ...subject, id }, supervisorSettings(config)).Labels[SPEC_LABEL];
    const labels = [
      label("a", {}),
      label("b", {}),
      label("a", { listenPort: 1 }),
      label("a", { mixpanelToken: "x" }),
      label("a", { deltaEndpoint: "http://delta" }),
      label("a", { rootCertificates: ["pem"] }),
    ];
    expect(new Set(labels).size).toBe(labels.length);
    expect(label("a", {})).toBe(label("a", { listenPort: 48_484 }));
  });

  it("gives config.json's keys as the supervisor reads them", () => {
    const settings = supervisorSettings({ mixpanelToken: "m", deltaEndpoint: "http://d", rootCertificates: ["pem"] });
    expect(supervisorContainer(subject, settings)["Env"]).toEqual(
      expect.arrayContaining([
        "LISTEN_PORT=48484",
        "SUPERVISOR_IMAGE=sha256:abc",
        "SUPERVISOR_SLOT_IMAGE=sha256:abc",
        "MIXPANEL_TOKEN=m",
        "DELTA_ENDPOINT=http://d",
        "NODE_EXTRA_CA_CERTS=/mnt/root/usr/share/ca-certificates/balena/balenaRootCA.crt",
      ]),
    );
  });
});
