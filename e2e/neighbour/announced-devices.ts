import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { repositoryRoot } from "@holdfast/cli";
import { cacheRoot, findMirror, type ToolsTree, toolCommand, toolsTree } from "@holdfast/image";

export type Announced = {
  readonly name: string;
  /** The third part of its network, 192.0.X.0/24: the device has 1 there, the machine that looks for it 2. */
  readonly network: number;
  /** What its API answers, path -> body. */
  readonly api: Readonly<Record<string, unknown>>;
};

const server = (api: Announced["api"]): string => `
require("node:http").createServer((request, response) => {
  const body = (${JSON.stringify(api)})[request.url];
  response.writeHead(body === undefined ? 404 : 200).end(JSON.stringify(body));
}).listen(48484, "0.0.0.0");
`;

const avahiConfiguration = (name: string): string =>
  `[server]\nhost-name=${name}\nallow-interfaces=eth0\nenable-dbus=no\n\n[publish]\npublish-hinfo=no\npublish-workstation=no\n`;

/**
 * Devices that are nothing but their announcement, by a real avahi with the image's own file, and a few answers of an API;
 * each on a network of its own, to which one machine is joined. Everything is in namespaces that end with the object.
 */
export class AnnouncedDevices implements AsyncDisposable {
  readonly #machine: ChildProcess;
  readonly #processes: ChildProcess[] = [];

  private constructor(machine: ChildProcess) {
    this.#machine = machine;
  }

  /** What a command is put behind to run on the machine that is joined to all networks. */
  get wrapper(): readonly string[] {
    return ["nsenter", "--target", String(this.#machine.pid), "--net", "--"];
  }

  static async start(scratch: string, devices: readonly Announced[]): Promise<AnnouncedDevices> {
    const tree = await toolsTree({
      name: "neighbour",
      cache: cacheRoot(process.env),
      mirror: await findMirror(process.env),
    });
    const asleep = ["--net", "sh", "-c", "ip link set lo up && echo apart && exec sleep infinity"];
    const machine = spawn("unshare", asleep, { stdio: ["ignore", "pipe", "inherit"] });
    // Before, it is in the network of this test.
    await once(machine.stdout, "data");
    const announced = new AnnouncedDevices(machine);
    for (const device of devices) await announced.#add(device, join(scratch, device.name), tree);
    return announced;
  }

  async #add({ name, network, api }: Announced, folder: string, tree: ToolsTree): Promise<void> {
    await mkdir(join(folder, "services"), { recursive: true });
    await mkdir(join(folder, "run"));
    await cp(join(repositoryRoot, "os/layers/mdns/ssh.service"), join(folder, "services/ssh.service"));
    await writeFile(join(folder, "avahi.conf"), avahiConfiguration(name));
    await writeFile(join(folder, "api.cjs"), server(api));
    // avahi asks for its user even when it stays root.
    await writeFile(join(folder, "passwd"), "root:x:0:0::/root:/bin/sh\navahi:x:900:900::/run:/bin/false\n");
    await writeFile(join(folder, "group"), "root:x:0:\navahi:x:900:\n");
    const avahi = [
      "avahi-daemon",
      "--no-drop-root",
      "--no-chroot",
      "--no-rlimits",
      "-f",
      `${folder}/avahi.conf`,
    ] as const;
    const [bubblewrap, ...daemon] = toolCommand(tree)(avahi);
    const readable = { services: "/etc/avahi/services", passwd: "/etc/passwd", group: "/etc/group" };
    const own = Object.entries(readable).flatMap(([name, place]) => ["--ro-bind", join(folder, name), place]);
    own.push("--bind", join(folder, "run"), "/run");
    daemon.splice(daemon.indexOf("--"), 0, ...own);
    const script = [
      `ip link set lo up`,
      `nsenter --target ${this.#machine.pid} --net ip link add lan${network} type veth peer name eth0 netns $$`,
      `nsenter --target ${this.#machine.pid} --net sh -c 'ip addr add 192.0.${network}.2/24 dev lan${network} && ip link set lan${network} up'`,
      `ip addr add 192.0.${network}.1/24 dev eth0 && ip link set eth0 up`,
      `${process.execPath} ${folder}/api.cjs & exec "$@"`,
    ].join(" && ");
    const apart = ["--net", "--pid", "--fork", "--kill-child=KILL"];
    const argv = [...apart, "sh", "-c", script, "sh", bubblewrap, ...daemon];
    this.#processes.push(spawn("unshare", argv, { stdio: ["ignore", "ignore", "inherit"] }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of [...this.#processes, this.#machine]) {
      const ended = new Promise((resolve) => one.once("exit", resolve));
      if (one.kill("SIGKILL")) await ended;
    }
  }
}
