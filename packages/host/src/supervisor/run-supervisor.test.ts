import { describe, expect, it } from "vitest";
import { SUPERVISOR_SETTINGS, supervisorSettings } from "../config/areas/supervisor.ts";
import { type CommandHandler, type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";
import { SPEC_LABEL, supervisorContainer } from "./container-spec.ts";
import { runSupervisor } from "./run-supervisor.ts";

const manifest = {
  image: "holdfast/supervisor:1",
  id: "sha256:abc",
  version: "1",
  files: { "/usr/bin/node": "aa".repeat(32), "/usr/src/app/supervisor.js": "bb".repeat(32) },
};
const LAYER = "/var/lib/docker/overlay2/1/diff";
const LOWER = "/var/lib/docker/overlay2/2/diff";

/** An engine with at most the supervisor's image and container, and sha256sum over what the image's files "contain". */
class Engine {
  images = new Set<string>();
  container: { spec: Record<string, unknown>; running: boolean } | undefined;
  loads = 0;
  /** Answers of /wait before the container ends. */
  lives = 0;
  damagedForGood = false;

  readonly handle: CommandHandler = (argv, machine, { input }) => {
    if (argv[0] === "sha256sum")
      return {
        output: argv
          .slice(2)
          .map((path) => `${machine.readText(path)}  ${path}\n`)
          .join(""),
      };
    if (argv[0] !== "curl") return undefined;
    const url = argv.at(-1) ?? "";
    if (!url.startsWith("http://engine")) return { status: 0 };
    const method = argv[argv.indexOf("--request") + 1];
    return { output: this.answer(machine, `${method} ${url.replace("http://engine/v1.45", "")}`, input) };
  };

  answer(machine: SimulatedMachine, request: string, input: string | undefined): string {
    if (request.startsWith("GET /images/json?filters=")) return '[{"Id":"sha256:older"}]\n200';
    if (request.startsWith("GET /images/"))
      return this.images.has(manifest.id)
        ? `{"Id":"${manifest.id}","GraphDriver":{"Data":{"UpperDir":"${LAYER}","LowerDir":"${LOWER}"}}}\n200`
        : '{"message":"No such image"}\n404';
    if (request.startsWith("DELETE /images/")) {
      this.images.clear();
      return "[]\n200";
    }
    if (request.startsWith("POST /images/load")) {
      this.loads += 1;
      this.images.add(manifest.id);
      machine.put(`${LOWER}/usr/bin/node`, this.damagedForGood ? "?" : (manifest.files["/usr/bin/node"] ?? ""));
      machine.put(`${LAYER}/usr/src/app/supervisor.js`, manifest.files["/usr/src/app/supervisor.js"] ?? "");
      return '{"stream":"Loaded image"}\n200';
    }
    if (request.startsWith("POST /containers/create")) {
      this.container = { spec: JSON.parse(input ?? "{}") as Record<string, unknown>, running: false };
      return '{"Id":"1"}\n201';
    }
    if (request.startsWith("DELETE /containers/")) {
      this.container = undefined;
      return "\n204";
    }
    return this.ofContainer(request);
  }

  ofContainer(request: string): string {
    if (this.container === undefined) return '{"message":"No such container"}\n404';
    if (request.endsWith("/start")) {
      const status = this.container.running ? 304 : 204;
      this.container.running = true;
      return `\n${status}`;
    }
    if (request.includes("/wait")) {
      this.lives -= 1;
      // The status comes at once, the body when the container ends: a time-out looks like an empty success.
      return this.lives < 0 ? '{"StatusCode":0}\n200' : "\n200";
    }
    return `${JSON.stringify({ State: { Running: this.container.running }, Config: { Labels: this.container.spec["Labels"] } })}\n200`;
  }
}

function device(engine: Engine): SimulatedMachine {
  const machine = simulateMachine(engine.handle);
  machine.put("/usr/lib/holdfast/supervisor.json", JSON.stringify(manifest));
  machine.put(SUPERVISOR_SETTINGS, JSON.stringify(supervisorSettings({ listenPort: 4242 })));
  machine.put("/tmp/x", "");
  return machine;
}

describe("runSupervisor", () => {
  it("imports the image into an empty store, starts the container and tells systemd", () => {
    const engine = new Engine();
    engine.lives = 2;
    const machine = device(engine);
    expect(runSupervisor(machine)).toBe(1);
    expect(engine.loads).toBe(1);
    expect(engine.container?.spec["Env"]).toContain("LISTEN_PORT=4242");
    expect(machine.commands).toContain("systemd-notify --ready --status=supervisor 1 runs");
    const attached = machine.commands.indexOf("detach /usr/lib/holdfast/supervisor-output balena_supervisor");
    expect(attached).toBeGreaterThan(machine.commands.findIndex((line) => line.includes("/containers/create")));
    expect(attached).toBeLessThan(machine.commands.findIndex((line) => line.endsWith("/start")));
    expect(machine.commands.filter((line) => line === "systemd-notify WATCHDOG=1")).toHaveLength(2);
    expect(machine.commands.some((line) => line.endsWith("http://127.0.0.1:4242/ping"))).toBe(true);
  });

  it("takes a whole image as it is", () => {
    const engine = new Engine();
    const machine = device(engine);
    runSupervisor(machine);
    runSupervisor(machine);
    expect(engine.loads).toBe(1);
  });

  it.each([
    ["changed", `${LOWER}/usr/bin/node`, "corrupt"],
    ["missing", `${LAYER}/usr/src/app/supervisor.js`, undefined],
  ])("imports again when a file of a layer is %s", (_, path, content) => {
    const engine = new Engine();
    const machine = device(engine);
    runSupervisor(machine);
    machine.remove(path);
    if (content !== undefined) machine.put(path, content);
    runSupervisor(machine);
    expect(engine.loads).toBe(2);
    expect(machine.lines).toContain("importing the supervisor again from the slot");
    // An older version may share the damaged layer and would keep it.
    expect(machine.commands.some((line) => line.includes("DELETE") && line.includes("sha256:older"))).toBe(true);
  });

  it("does not start an image that is damaged even after its import", () => {
    const engine = new Engine();
    engine.damagedForGood = true;
    expect(() => runSupervisor(device(engine))).toThrow("damaged after its import");
    expect(engine.container).toBeUndefined();
  });

  it("makes the container anew when its specification changed, and only then", () => {
    const engine = new Engine();
    const machine = device(engine);
    runSupervisor(machine);
    const first = engine.container;
    runSupervisor(machine);
    expect(engine.container).toBe(first);
    machine.put(SUPERVISOR_SETTINGS, JSON.stringify(supervisorSettings({ listenPort: 5000 })));
    runSupervisor(machine);
    expect(engine.container).not.toBe(first);
  });
});

describe("supervisorContainer", () => {
  it("has another label for another image or configuration", () => {
    const label = (id: string, config: Parameters<typeof supervisorSettings>[0]) =>
      supervisorContainer({ ...manifest, id }, supervisorSettings(config)).Labels[SPEC_LABEL];
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
    expect(supervisorContainer(manifest, settings)["Env"]).toEqual(
      expect.arrayContaining([
        "LISTEN_PORT=48484",
        "MIXPANEL_TOKEN=m",
        "DELTA_ENDPOINT=http://d",
        "NODE_EXTRA_CA_CERTS=/mnt/root/usr/share/ca-certificates/balena/balenaRootCA.crt",
      ]),
    );
  });
});
