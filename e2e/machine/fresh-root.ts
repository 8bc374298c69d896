import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

export type Outcome = { readonly status: number; readonly output: string; readonly firstOutputMs: number };

/** A minimal Debian installation in a directory, with a clone of this checkout in /src. */
export type FreshRoot = AsyncDisposable & {
  /** Runs a command in it as root, or as the user `someone`, with nothing of this machine's environment. */
  readonly run: (command: string, user?: "root" | "someone") => Promise<Outcome>;
};

const repository = path.resolve(import.meta.dirname, "../..");

/**
 * Installs apt and the packages it needs, nothing else, into a temporary directory.
 * @throws Error that says what is missing when this machine cannot: it needs root and mmdebstrap
 */
export async function freshRoot(suite: "bookworm" | "trixie"): Promise<FreshRoot> {
  if (process.getuid?.() !== 0)
    throw new Error("a minimal Debian installation can be made by root only; run this suite with sudo");
  await runHere("command -v mmdebstrap >/dev/null || apt-get install -y --no-install-recommends mmdebstrap");
  const directory = await mkdtemp(path.join(tmpdir(), `holdfast-${suite}-`));
  const root = path.join(directory, "root");
  try {
    // Every Debian has these: accounts are made by the one, this root is entered by the other.
    await runHere(`mmdebstrap --variant=apt --include=passwd,mount ${suite} ${root}`);
    await runHere(`git clone --quiet --no-hardlinks ${repository} ${path.join(root, "src")}`);
    await copyNetworkAccess(root);
    const account = "useradd --create-home --shell /bin/sh someone && chown -R someone: /src";
    const made = await enter(root, account, "root");
    if (made.status !== 0) throw new Error(`no account could be made: ${made.output}`);
  } catch (thrown) {
    await rm(directory, { recursive: true, force: true });
    throw thrown;
  }
  return {
    run: (command, user = "root") => enter(root, command, user),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Name service, apt's proxy settings and private certificate authorities: the network's, not the installation's. */
async function copyNetworkAccess(root: string): Promise<void> {
  for (const file of ["/etc/resolv.conf", "/etc/hosts", "/usr/local/share/ca-certificates"]) {
    await cp(file, path.join(root, file), { recursive: true, dereference: true, force: true }).catch(() => {});
  }
  const settings = await runHere("apt-config dump | grep -E '^Acquire::' || true");
  await mkdir(path.join(root, "etc/apt/apt.conf.d"), { recursive: true });
  await writeFile(path.join(root, "etc/apt/apt.conf.d/99machine"), settings.output);
}

async function enter(root: string, command: string, user: "root" | "someone"): Promise<Outcome> {
  const authorities = await readdir(path.join(root, "usr/local/share/ca-certificates")).catch(() => []);
  const bundle = authorities.map((name) => `/usr/local/share/ca-certificates/${name}`);
  if (bundle.length > 0) {
    await runHere(
      `cat ${bundle.map((file) => path.join(root, file)).join(" ")} > ${path.join(root, "etc/extra-ca.pem")}`,
    );
  }
  const home = user === "root" ? "/root" : "/home/someone";
  const environment = {
    HOME: home,
    TERM: "dumb",
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    NODE_EXTRA_CA_CERTS: "/etc/extra-ca.pem",
  };
  const login = user === "root" ? "" : "setpriv --reuid=someone --regid=someone --init-groups";
  const variables = Object.entries(environment).map(([name, value]) => quote(`${name}=${value}`));
  const program = `exec ${login} env -i ${variables.join(" ")} sh -c ${quote(command)}`;
  return await spawnShell(`exec ${namespaces.map(quote).join(" ")} sh -c ${quote(machineOf(root, program))}`);
}

/** All that runs in them ends with the first process. */
const namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--propagation", "private", "--"];

/**
 * The directory becomes a machine's real root, not a chroot: in one, nobody may make user namespaces. Its mounts are those
 * of a machine, and as on every Debian since 11, cgroups are those of version 2.
 */
function machineOf(root: string, program: string): string {
  return [
    "set -e",
    `mount --bind ${quote(root)} ${quote(root)}`,
    `cd ${quote(root)}`,
    "mount --rbind /dev dev",
    "mount -t proc proc proc",
    "mount -t sysfs sysfs sys",
    "mount -t cgroup2 cgroup2 sys/fs/cgroup",
    "mount -t tmpfs tmpfs run",
    "pivot_root . mnt",
    "cd /",
    "umount -l /mnt",
    program,
  ].join("\n");
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

async function runHere(command: string): Promise<Outcome> {
  const outcome = await spawnShell(command);
  if (outcome.status !== 0) throw new Error(`${command} ended with ${outcome.status}: ${outcome.output.slice(-2000)}`);
  return outcome;
}

async function spawnShell(command: string): Promise<Outcome> {
  const began = performance.now();
  let firstOutputMs = Number.POSITIVE_INFINITY;
  const chunks: Buffer[] = [];
  const child = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      firstOutputMs = Math.min(firstOutputMs, performance.now() - began);
      chunks.push(chunk);
    });
  }
  const [status] = await once(child, "close");
  return { status: typeof status === "number" ? status : 1, output: Buffer.concat(chunks).toString(), firstOutputMs };
}
