import type { Device } from "../device/device.ts";
import type { ShellResult } from "../device/shell-session.ts";
import { whileServingTree } from "./tree-server.ts";

/** Where a device under test keeps the neighbour's programs. */
const ROOT = "/mnt/data/neighbour";
/** Users that the neighbour's daemons give their rights up to. */
const USERS = ["avahi", "dnsmasq", "_chrony", "messagebus", "tinyproxy", "openvpn", "sshd"];

export type NeighbourOptions = {
  /** Names the network namespace; the device's end of the link is called the same with a 0 behind, at most 15 characters. */
  readonly name: string;
  /** The neighbour's address on the link, with its prefix length: 192.0.2.2/24. */
  readonly address: string;
  /** The device's address on the link; without one, NetworkManager manages the device's end as it would a cable. */
  readonly deviceAddress?: string;
};

export type StartOptions = {
  /** Path in the neighbour's file system -> content. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
};

/**
 * Another host beside the device, with daemons and clients that the image does not hold: a network namespace inside the
 * device, joined to it by one link. It shares the device's kernel and clock, and nothing else. Goes with its scope.
 */
export class Neighbour implements AsyncDisposable {
  readonly name: string;
  readonly #device: Device;
  readonly #units = new Set<string>();

  private constructor(device: Device, name: string) {
    this.#device = device;
    this.name = name;
  }

  /** Sends the programs to the device, unless they are there, and joins the namespace to it. */
  static async join(device: Device, options: NeighbourOptions): Promise<Neighbour> {
    await sendPrograms(device);
    const { name, address, deviceAddress } = options;
    const inside = `ip -n ${name}`;
    await device.shell(
      [
        `ip netns add ${name}`,
        `ip link add ${name}0 type veth peer name eth0 netns ${name}`,
        `${inside} link set lo up && ${inside} addr add ${address} dev eth0 && ${inside} link set eth0 up`,
        `mkdir -p /run/neighbour-${name} && ip link set ${name}0 up`,
        deviceAddress === undefined
          ? `nmcli device set ${name}0 managed yes`
          : `ip addr add ${deviceAddress} dev ${name}0`,
      ].join(" && "),
    );
    return new Neighbour(device, name);
  }

  /** The device's end of the link. */
  get link(): string {
    return `${this.name}0`;
  }

  /** Writes a file of the neighbour. */
  async write(path: string, content: string): Promise<void> {
    const encoded = Buffer.from(content).toString("base64");
    await this.#device.shell(
      `mkdir -p "$(dirname ${ROOT}${path})" && echo ${encoded} | base64 --decode >${ROOT}${path}`,
    );
  }

  /** Starts a daemon that stays in the foreground; returns when it has been executed. */
  async start(unit: string, argv: readonly string[], options: StartOptions = {}): Promise<void> {
    for (const [path, content] of Object.entries(options.files ?? {})) await this.write(path, content);
    const environment = Object.entries(options.env ?? {}).map(([name, value]) => `--setenv=${name}=${value}`);
    await this.#device.shell(
      this.#systemdRun([`--unit=${this.#unit(unit)}`, "--service-type=exec", ...environment], argv),
    );
    this.#units.add(unit);
  }

  /** Ends a daemon, or with `SIGKILL` lets it die. */
  async stop(unit: string, signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const name = this.#unit(unit);
    if (signal === "SIGKILL") await this.#device.attempt(`systemctl kill --signal=KILL ${name}`);
    await this.#device.attempt(`systemctl stop ${name}; systemctl reset-failed ${name}`);
    this.#units.delete(unit);
  }

  /** A frozen daemon answers nothing until it is let go on; what reached it meanwhile it then answers late. */
  async freeze(unit: string, isFrozen: boolean): Promise<void> {
    await this.#device.shell(`systemctl kill --signal=${isFrozen ? "STOP" : "CONT"} ${this.#unit(unit)}`);
  }

  /** What a daemon has written so far. */
  async log(unit: string): Promise<string> {
    return await this.#device.shell(`journalctl --no-pager --output=cat --unit=${this.#unit(unit)}`);
  }

  /** Runs a program on the neighbour to its end; its status is the test's matter. */
  async attempt(argv: readonly string[]): Promise<ShellResult> {
    return await this.#device.attempt(this.#systemdRun(["--wait", "--pipe"], argv));
  }

  /** What a program on the neighbour says. A status other than 0 throws. */
  async run(argv: readonly string[]): Promise<string> {
    const { stdout, stderr, status } = await this.attempt(argv);
    if (status !== 0) throw new Error(`the neighbour's \`${argv.join(" ")}\` ended with ${status}: ${stderr}${stdout}`);
    return stdout.trim();
  }

  /** Cuts the link, or joins it again. */
  async plug(isPlugged: boolean): Promise<void> {
    await this.#device.shell(`ip -n ${this.name} link set eth0 ${isPlugged ? "up" : "down"}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const unit of [...this.#units]) await this.stop(unit, "SIGKILL");
    await this.#device.attempt(`ip link del ${this.link}; ip netns del ${this.name}`);
  }

  #unit(name: string): string {
    return `neighbour-${this.name}-${name}.service`;
  }

  #systemdRun(options: readonly string[], argv: readonly string[]): string {
    const properties = [
      `RootDirectory=${ROOT}`,
      "MountAPIVFS=yes",
      // Daemons of one neighbour find each other's sockets.
      `BindPaths=/run/neighbour-${this.name}:/run`,
      `NetworkNamespacePath=/run/netns/${this.name}`,
      "Environment=PATH=/usr/sbin:/usr/bin",
    ];
    return [
      "systemd-run",
      "--quiet",
      "--collect",
      ...properties.map((property) => `--property=${property}`),
      ...options,
    ]
      .concat("--", ...argv)
      .map(quote)
      .join(" ");
  }
}

const quote = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

async function sendPrograms(device: Device): Promise<void> {
  if ((await device.attempt(`test -e ${ROOT}/complete`)).status === 0) return;
  await whileServingTree(async (url) => {
    await device.shell(
      `set -o pipefail; mkdir -p ${ROOT} && curl --silent --fail ${url} | zstd --decompress --quiet | tar --extract --directory ${ROOT}`,
    );
  });
  const passwd = [
    "root:x:0:0::/root:/bin/sh",
    ...USERS.map((name, at) => `${name}:x:${at + 900}:${at + 900}::/run:/bin/false`),
  ];
  const group = ["root:x:0:", ...USERS.map((name, at) => `${name}:x:${at + 900}:`), "netdev:x:899:"];
  const nobody = ["nobody:x:65534:65534::/:/bin/false", "nogroup:x:65534:"];
  const files = {
    passwd: [...passwd, nobody[0]],
    group: [...group, nobody[1]],
    hosts: ["127.0.0.1 localhost"],
    "resolv.conf": ["nameserver 127.0.0.1"],
  };
  for (const [name, lines] of Object.entries(files))
    await device.shell(`printf '%s\\n' ${lines.map((line) => `'${line}'`).join(" ")} >${ROOT}/etc/${name}`);
  await device.shell(`mkdir -p ${ROOT}/run ${ROOT}/tmp ${ROOT}/var/lib && touch ${ROOT}/complete`);
}
