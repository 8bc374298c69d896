import { formatSupervisorSigns, type ServerContact, SUPERVISOR_SIGNS } from "@holdfast/contracts/host";
import { type CommandHandler, PowerCut, type SimulatedMachine } from "../machine/simulated-machine.ts";
import { VERSION_LABEL } from "./verify-image.ts";

export type SimulatedImage = {
  /** Undefined: the image is no supervisor. */
  readonly version?: string;
  readonly architecture?: string;
  /** Path in the image -> what `sha256sum` says of it. */
  readonly files: Readonly<Record<string, string>>;
  /** How a container of it does. */
  readonly ends?: boolean;
  readonly isSilent?: boolean;
  readonly isUnhealthy?: boolean;
  readonly server?: ServerContact;
};

type Container = { readonly spec: Record<string, unknown>; readonly image: string; running: boolean };

const ENGINE = "http://engine/v1.45";

/** An engine for tests with supervisor images and at most one container; it outlives the machine, as a disk does. */
export class SimulatedEngine {
  readonly images = new Map<string, SimulatedImage>();
  container: Container | undefined;
  loads = 0;
  isDown = false;
  /** Answers of /wait; after that many the power fails. */
  waits = Number.POSITIVE_INFINITY;
  isServerReachable = true;
  /** What the slot's archive holds. */
  readonly #archive: readonly [string, SimulatedImage];

  constructor(archive: readonly [string, SimulatedImage]) {
    this.#archive = archive;
  }

  readonly handle: CommandHandler = (argv, machine, { input }) => {
    if (argv[0] === "uname") return { output: "x86_64\n" };
    if (argv[0] === "sha256sum") return { output: digests(argv.slice(2), machine) };
    if (argv[0] !== "curl") return undefined;
    const url = argv.at(-1) ?? "";
    if (url.startsWith(ENGINE)) {
      if (this.isDown) return { status: 7, output: "\n000" };
      const method = argv[argv.indexOf("--request") + 1] ?? "GET";
      return { output: this.#answer(machine, `${method} ${url.slice(ENGINE.length)}`, input) };
    }
    if (!url.startsWith("http://127.0.0.1:")) return { status: this.isServerReachable ? 0 : 7 };
    return { status: this.#isWell(url) ? 0 : 22 };
  };

  /** Adds an image as a pull does. */
  store(machine: SimulatedMachine, id: string, image: SimulatedImage): void {
    this.images.set(id, image);
    for (const [path, content] of Object.entries(image.files)) machine.put(`/layers/${id}${path}`, content);
  }

  running(): string | undefined {
    return this.container?.running === true ? this.container.image : undefined;
  }

  /** Containers do not survive the machine's power. */
  losePower(): void {
    if (this.container !== undefined) this.container.running = false;
  }

  #isWell(url: string): boolean {
    const image = this.images.get(this.running() ?? "");
    if (image === undefined || image.isSilent === true) return false;
    return !(url.endsWith("/v1/healthy") && image.isUnhealthy === true);
  }

  #answer(machine: SimulatedMachine, request: string, input: string | undefined): string {
    const [method = "", path = ""] = request.split(" ");
    if (path.startsWith("/images/json")) {
      const own = [...this.images].filter(([, { version }]) => version !== undefined);
      return `${JSON.stringify(own.map(([Id]) => ({ Id })))}\n200`;
    }
    if (path.startsWith("/images/load")) {
      this.loads += 1;
      this.store(machine, ...this.#archive);
      return '{"stream":"Loaded image"}\n200';
    }
    const id = /^\/images\/(sha256:[0-9a-z]+)/.exec(path)?.[1];
    if (id !== undefined) return method === "DELETE" ? this.#remove(machine, id) : this.#inspect(id);
    return this.#ofContainer(machine, request, input);
  }

  #inspect(id: string): string {
    const image = this.images.get(id);
    if (image === undefined) return '{"message":"No such image"}\n404';
    const Labels = image.version === undefined ? null : { [VERSION_LABEL]: image.version };
    const GraphDriver = { Data: { UpperDir: `/layers/${id}`, LowerDir: "" } };
    const Architecture = image.architecture ?? "amd64";
    return `${JSON.stringify({ Id: id, Architecture, Config: { Labels }, GraphDriver })}\n200`;
  }

  #remove(machine: SimulatedMachine, id: string): string {
    if (this.running() === id) return '{"message":"image is being used by running container"}\n409';
    this.images.delete(id);
    for (const path of [...machine.nodes.keys()]) if (path.startsWith(`/layers/${id}/`)) machine.nodes.delete(path);
    return "[]\n200";
  }

  #ofContainer(machine: SimulatedMachine, request: string, input: string | undefined): string {
    if (request.startsWith("POST /containers/create")) {
      const spec = JSON.parse(input ?? "{}") as Record<string, unknown>;
      const image = String(spec["Image"]);
      if (!this.images.has(image)) return '{"message":"No such image"}\n404';
      this.container = { spec, image, running: false };
      return '{"Id":"1"}\n201';
    }
    const { container } = this;
    if (container === undefined) return '{"message":"No such container"}\n404';
    if (request.startsWith("DELETE")) {
      this.container = undefined;
      return "\n204";
    }
    if (request.endsWith("/start")) return this.#start(container);
    if (request.endsWith("/stop")) container.running = false;
    if (request.includes("/wait")) return this.#wait(machine, container);
    const State = { Running: container.running, ExitCode: 1 };
    return `${JSON.stringify({ State, Config: { Labels: container.spec["Labels"] } })}\n200`;
  }

  #start(container: Container): string {
    if (container.running) return "\n304";
    container.running = true;
    return "\n204";
  }

  /** The status comes at once, the body when the container ends: a time-out looks like an empty success. */
  #wait(machine: SimulatedMachine, container: Container): string {
    this.waits -= 1;
    if (this.waits < 0) throw new PowerCut();
    const { server = "none", ends } = this.images.get(container.image) ?? {};
    if (ends !== true) {
      const signs = formatSupervisorSigns({ id: container.image, hasLooked: true, server });
      machine.put(`/tmp/balena-supervisor/${SUPERVISOR_SIGNS}`, signs);
      return "\n200";
    }
    container.running = false;
    return '{"StatusCode":1}\n200';
  }
}

const digests = (paths: readonly string[], machine: SimulatedMachine): string =>
  paths.map((path) => `${machine.readText(path)}  ${path}\n`).join("");
