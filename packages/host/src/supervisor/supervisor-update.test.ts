import {
  formatSupervisorWish,
  parseSupervisorRecord,
  SUPERVISOR_RECORD,
  SUPERVISOR_WISH,
} from "@holdfast/contracts/host";
import { describe, expect, it } from "vitest";
import { PowerCut, type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";
import { runSupervisor, stopSupervisor } from "./run-supervisor.ts";
import { SimulatedEngine, type SimulatedImage } from "./simulated-engine.ts";

const idOf = (letter: string): string => `sha256:${letter.repeat(64)}`;
const files = { "/usr/bin/node": "aa".repeat(32), "/usr/src/app/supervisor.js": "bb".repeat(32) };
const SLOT = idOf("0");
const NEXT = idOf("1");
const good = { version: "2", files, server: "serves" } as const;
const WISH = `/mnt/data/resin-data/balena-supervisor/${SUPERVISOR_WISH}`;
const RECORD = `/mnt/data/${SUPERVISOR_RECORD}`;
const wishFor = (id: string, release = "r2"): string => formatSupervisorWish({ release, id, needsServer: true });

/** A device whose power can fail: its engine's store and its disk outlive the machine, memory does not. */
class Device {
  readonly engine = new SimulatedEngine([SLOT, { version: "1", files }]);
  machine: SimulatedMachine;
  readonly #result: Record<string, string> = {};

  constructor() {
    this.machine = this.#boot(new Map(), undefined);
    this.machine.put("/mnt/data/resin-data/x", "");
    this.machine.put("/mnt/boot/config.json", '{"apiEndpoint":"https://fleet.example"}');
    this.setSlot(SLOT, "1");
  }

  #boot(nodes: SimulatedMachine["nodes"], cutAfter: number | undefined): SimulatedMachine {
    const handle = this.engine.handle;
    const machine = simulateMachine(handle, {
      environment: this.#result,
      ...(cutAfter === undefined ? {} : { cutAfter }),
    });
    for (const [path, node] of nodes) if (!/^\/(tmp|run)\//.test(path)) machine.nodes.set(path, node);
    machine.put("/tmp/x", "");
    return machine;
  }

  setSlot(id: string, version: string): void {
    this.machine.put("/usr/lib/holdfast/supervisor.json", JSON.stringify({ image: "i", id, version, files }));
  }

  reboot(cutAfter?: number): void {
    this.engine.losePower();
    this.machine = this.#boot(this.machine.nodes, cutAfter);
  }

  pull(id: string, image: SimulatedImage): void {
    this.engine.store(this.machine, id, image);
  }

  wish(text: string): void {
    this.machine.put(WISH, text);
  }

  /** The unit, started again and again until the power fails after so many looks at the container. */
  run(waits: number): void {
    this.engine.waits = waits;
    for (let starts = 0; starts < 100; starts += 1) {
      try {
        const status = runSupervisor(this.machine);
        this.#result["SERVICE_RESULT"] = status === 0 ? "success" : "exit-code";
        stopSupervisor(this.machine);
      } catch (error) {
        if (error instanceof PowerCut) return;
        this.#result["SERVICE_RESULT"] = "exit-code";
        stopSupervisor(this.machine);
      }
    }
  }

  /** The unit's program was ended from outside. */
  stopAfter(result: string): void {
    this.#result["SERVICE_RESULT"] = result;
    stopSupervisor(this.machine);
  }

  choice() {
    return parseSupervisorRecord(this.machine.readText(RECORD))[0];
  }
}

const LONG = 200;
const ENOUGH = 20;

describe("a supervisor that the fleet wants", () => {
  it("is started on trial, confirmed when it was well for a while, and the former image goes", () => {
    const device = new Device();
    device.run(3);
    device.pull(NEXT, good);
    device.wish(wishFor(NEXT));
    device.run(3);
    expect(device.engine.running()).toBe(NEXT);
    expect(device.choice()?.trial).toMatchObject({ release: "r2", version: "2" });
    expect(device.engine.images.has(SLOT)).toBe(true);
    device.run(LONG);
    expect(device.choice()).toEqual({ slot: SLOT, confirmed: { release: "r2", id: NEXT, version: "2", files } });
    expect([...device.engine.images.keys()]).toEqual([NEXT]);
    device.reboot();
    device.run(3);
    expect(device.engine.running()).toBe(NEXT);
  });

  it.each<[string, Partial<SimulatedImage>, string]>([
    ["ends at once", { ends: true }, "it ended by itself with status 1"],
    ["never answers", { isSilent: true }, "for 15 minutes it did not answer"],
    ["is not healthy", { isUnhealthy: true }, "for 15 minutes it said that it is not healthy"],
    ["does not reach a server that the device reaches", { server: "silent" }, "not this supervisor"],
  ])("is refused when it %s; the former one runs again and the image goes", (_, fault, reason) => {
    const device = new Device();
    device.pull(NEXT, { ...good, ...fault });
    device.wish(wishFor(NEXT));
    device.run(5 * LONG);
    expect(device.engine.running()).toBe(SLOT);
    expect(device.choice()).toMatchObject({ slot: SLOT, refused: { release: "r2" } });
    expect(device.choice()?.refused?.reason).toContain(reason);
    const starts = device.machine.commands.filter((line) => line.includes("/containers/create")).length;
    device.reboot();
    device.run(LONG);
    expect(device.engine.running()).toBe(SLOT);
    expect(device.machine.commands.filter((line) => line.includes("/containers/create")).length).toBeLessThan(starts);
    device.pull(idOf("3"), good);
    device.wish(wishFor(idOf("3"), "r3"));
    device.run(LONG);
    expect(device.engine.running()).toBe(idOf("3"));
  });

  it.each<[string, () => string, (device: Device) => void, string | undefined]>([
    ["a wish that is none", () => '{"version":1,"rel', () => {}, undefined],
    ["an image that is missing", () => wishFor(NEXT), () => {}, undefined],
    [
      "an image for another architecture",
      () => wishFor(NEXT),
      (device) => device.pull(NEXT, { ...good, architecture: "arm64" }),
      "the image is made for arm64, this device is x86_64",
    ],
    [
      "an image that is no supervisor",
      () => wishFor(NEXT),
      (device) => device.pull(NEXT, { files }),
      "the image is no supervisor of Holdfast",
    ],
    [
      "an image without a program",
      () => wishFor(NEXT),
      (device) => device.pull(NEXT, { version: "2", files: {} }),
      "the image has no /usr/bin/node",
    ],
  ])("leaves the former one running for %s", (_, wish, arrange, reason) => {
    const device = new Device();
    arrange(device);
    device.wish(wish());
    device.run(LONG);
    expect(device.engine.running()).toBe(SLOT);
    expect(device.choice()?.refused?.reason).toBe(reason);
  });

  it("is refused when the watchdog ends it three times", () => {
    const device = new Device();
    device.pull(NEXT, { ...good, isSilent: true });
    device.wish(wishFor(NEXT));
    for (let starts = 0; starts < 3; starts += 1) {
      device.run(5);
      expect(device.engine.running()).toBe(NEXT);
      device.stopAfter("watchdog");
    }
    device.run(5);
    expect(device.engine.running()).toBe(SLOT);
    expect(device.choice()?.refused?.reason).toBe("it did not answer");
  });

  it("goes on with its trial however often somebody stops it", () => {
    const device = new Device();
    device.pull(NEXT, good);
    device.wish(wishFor(NEXT));
    for (let starts = 0; starts < 9; starts += 1) {
      device.run(2);
      device.stopAfter("success");
    }
    device.run(LONG);
    expect(device.choice()?.confirmed).toMatchObject({ id: NEXT });
  });

  it("waits on trial for a server that is away, through any number of power cuts", () => {
    const device = new Device();
    device.engine.isServerReachable = false;
    device.pull(NEXT, { ...good, server: "silent" });
    device.wish(wishFor(NEXT));
    for (let cuts = 0; cuts < 8; cuts += 1) {
      device.run(20);
      device.reboot();
    }
    expect(device.choice()?.trial).toMatchObject({ id: NEXT });
    device.pull(NEXT, good);
    device.run(LONG);
    expect(device.choice()?.confirmed).toMatchObject({ id: NEXT });
  });

  it("is not tried while the disk is full, and not started over and over", () => {
    const device = new Device();
    device.run(3);
    device.pull(NEXT, good);
    device.wish(wishFor(NEXT));
    const { machine } = device;
    const write = machine.writeText;
    const starts = (): number => machine.commands.filter((line) => line.includes("--ready")).length;
    const before = starts();
    Object.assign(machine, {
      writeText: (path: string, text: string, mode?: number) => {
        if (path.startsWith("/mnt/data")) throw new Error("No space left on device");
        write(path, text, mode);
      },
    });
    device.run(LONG);
    expect(device.engine.running()).toBe(SLOT);
    expect(starts() - before).toBe(1);
    Object.assign(machine, { writeText: write });
    device.reboot();
    device.run(LONG);
    expect(device.engine.running()).toBe(NEXT);
  });

  it("waits while the operating system is on trial itself", () => {
    const device = new Device();
    device.machine.put("/mnt/state/rollback-health-breadcrumb", "");
    device.pull(NEXT, good);
    device.wish(wishFor(NEXT));
    device.run(LONG);
    expect(device.engine.running()).toBe(SLOT);
    device.machine.remove("/mnt/state/rollback-health-breadcrumb");
    device.run(LONG);
    expect(device.engine.running()).toBe(NEXT);
  });
});

describe("an engine that does not answer", () => {
  it("says nothing against a supervisor", () => {
    const device = new Device();
    device.pull(NEXT, good);
    device.wish(wishFor(NEXT));
    device.run(LONG);
    device.engine.isDown = true;
    device.run(3);
    expect(device.choice()?.confirmed).toMatchObject({ id: NEXT });
    device.engine.isDown = false;
    device.run(3);
    expect(device.engine.running()).toBe(NEXT);
  });
});

describe("a confirmed supervisor", () => {
  const confirmed = (): Device => {
    const device = new Device();
    device.pull(NEXT, good);
    device.wish(wishFor(NEXT));
    device.run(LONG);
    return device;
  };

  it.each(["damaged", "gone"])("makes room for the slot's when its image is %s, and is fetched anew", (state) => {
    const device = confirmed();
    device.reboot();
    if (state === "damaged") device.machine.put(`/layers/${NEXT}/usr/bin/node`, "cc".repeat(32));
    else device.engine.images.delete(NEXT);
    device.run(3);
    expect(device.engine.running()).toBe(SLOT);
    expect(device.engine.images.has(NEXT)).toBe(false);
    expect(device.machine.readText(WISH)).toBeUndefined();
    device.pull(NEXT, good);
    device.wish(wishFor(NEXT));
    device.run(LONG);
    expect(device.engine.running()).toBe(NEXT);
  });

  it("makes room for another slot's, and is back when the former slot is", () => {
    const device = confirmed();
    device.reboot();
    const other = idOf("7");
    device.machine.put("/mnt/state/rollback-health-breadcrumb", "");
    device.setSlot(other, "7");
    device.pull(other, { version: "7", files });
    device.run(LONG);
    expect(device.engine.running()).toBe(other);
    device.reboot();
    device.setSlot(SLOT, "1");
    device.run(3);
    expect(device.engine.running()).toBe(NEXT);
  });

  it("is forgotten with a record that cannot be read: the slot's runs", () => {
    const device = confirmed();
    device.machine.put(RECORD, "\u0000");
    device.machine.remove(WISH);
    device.reboot();
    device.run(3);
    expect(device.engine.running()).toBe(SLOT);
  });

  it("makes room for the slot's when the fleet names that", () => {
    const device = confirmed();
    device.wish(wishFor(SLOT, "r1"));
    device.run(3);
    expect(device.engine.running()).toBe(SLOT);
  });
});

describe("a power cut", () => {
  function prepared(image: SimulatedImage): Device {
    const device = new Device();
    device.run(3);
    device.pull(NEXT, image);
    device.wish(wishFor(NEXT));
    return device;
  }

  it.each<[string, SimulatedImage, string]>([
    ["good", good, NEXT],
    ["bad", { ...good, ends: true }, SLOT],
  ])("at any step of a %s update leaves one supervisor running, and the same end", (_, image, end) => {
    let step = 0;
    for (let wasCut = true; wasCut; step += 1) {
      const device = prepared(image);
      device.reboot(step);
      // As many looks as the whole update takes: those that are left say that the power failed before.
      device.run(ENOUGH);
      wasCut = device.engine.waits >= 0;
      device.reboot();
      device.run(4);
      expect([SLOT, NEXT]).toContain(device.engine.running());
      device.run(ENOUGH);
      expect(device.engine.running(), `cut at step ${step}`).toBe(end);
    }
    expect(step).toBeGreaterThan(50);
  });
});
