import { join } from "node:path";

/** Where an engine keeps its files. */
export type EnginePlaces = {
  readonly dataRoot: string;
  /** Sockets and what belongs to running processes only. */
  readonly run: string;
};

/** Of the engine's own network, in which nobody else listens. */
const PULL_PORT = 3128;
const PULL_PROXY = `http://127.0.0.1:${PULL_PORT}`;

/** Where the engine listens. */
export const engineSocket = ({ run }: EnginePlaces): string => join(run, "engine.sock");
/** Where the engine expects a proxy for its pulls. */
export const pullSocket = ({ run }: EnginePlaces): string => join(run, "pull.sock");
const containerdSocket = ({ run }: EnginePlaces): string => join(run, "containerd.sock");
const containerdConfig = ({ run }: EnginePlaces): string => join(run, "containerd.toml");

/** Files that must be there before the engine starts, by path. Pure. */
export function engineFiles(places: EnginePlaces): Readonly<Record<string, string>> {
  const text = [
    "version = 2",
    `root = ${JSON.stringify(join(places.dataRoot, "containerd"))}`,
    `state = ${JSON.stringify(join(places.run, "containerd"))}`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    "[grpc]",
    `address = ${JSON.stringify(containerdSocket(places))}`,
    "[debug]",
    'level = "warn"',
    "",
  ].join("\n");
  return { [containerdConfig(places)]: text };
}

/** crun refuses machines that have cgroup v1 and v2 side by side. Elsewhere there is no such mount. */
const HYBRID = "/sys/fs/cgroup/unified";

/**
 * The command that runs an engine until its standard input ends (also because whoever holds it died), for the root of a
 * user namespace, in namespaces of its own for processes and mounts. Pure.
 *
 * dockerd enters and leaves network namespaces, which it may only do with those of its user namespace: it gets an empty
 * one. Containers are started by containerd, which stays in the caller's network, and so they have that one; dockerd's own
 * pulls go through a proxy.
 */
export function engineCommand(places: EnginePlaces): [string, ...string[]] {
  const relay = `systemd-socket-activate --listen=127.0.0.1:${PULL_PORT} /usr/lib/systemd/systemd-socket-proxyd`;
  const inside = `ip link set lo up; ${relay} ${quote(pullSocket(places))} 2>/dev/null & exec "$@"`;
  const script = [
    // A mount of the machine's cannot be taken away here, but covered.
    `[ ! -d ${HYBRID} ] || mount -t tmpfs none ${HYBRID}`,
    // Both daemons make directories there, wherever their other files are told to be.
    "mount -t tmpfs none /run",
    `containerd --config ${quote(containerdConfig(places))} &`,
    "exec 3<&0",
    `unshare --net sh -c ${quote(inside)} engine "$@" & pid=$!`,
    // This shell is the first of the processes, so all end with it.
    "(cat <&3 >/dev/null; kill -TERM $pid) & wait $pid",
  ];
  return [
    ...(["unshare", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"] as const),
    ...["sh", "-c", script.join("\n"), "engine", ...dockerd(places)],
  ];
}

function dockerd(places: EnginePlaces): string[] {
  const { dataRoot, run } = places;
  return [
    "dockerd",
    ...["--data-root", dataRoot, "--exec-root", join(run, "exec"), "--pidfile", join(run, "engine.pid")],
    ...["--host", `unix://${engineSocket(places)}`, "--containerd", containerdSocket(places)],
    ...["--http-proxy", PULL_PROXY, "--https-proxy", PULL_PROXY],
    "--iptables=false",
    "--ip6tables=false",
    "--bridge=none",
    "--ip-forward=false",
    ...["--add-runtime", "crun=/usr/bin/crun", "--default-runtime", "crun"],
    // It makes no cgroups: an ordinary user has none to give. Without the option it would still ask systemd for them.
    ...["--rootless", "--exec-opt", "native.cgroupdriver=cgroupfs"],
    ...["--log-level", "warn"],
  ];
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
