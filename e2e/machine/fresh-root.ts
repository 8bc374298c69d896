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
    await runHere(`mmdebstrap --variant=apt ${suite} ${root}`);
    await runHere(`git clone --quiet --no-hardlinks ${repository} ${path.join(root, "src")}`);
    await copyNetworkAccess(root);
    // Not even useradd is there.
    const account =
      "echo someone:x:1000:1000::/home/someone:/bin/sh >>/etc/passwd && echo someone:x:1000: >>/etc/group";
    await enter(root, `${account} && mkdir /home/someone && chown -R 1000:1000 /src /home/someone`, "root");
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
  // With bubblewrap the directory becomes a real root, in which another bubblewrap can work; its processes end with it.
  const sandbox = [
    ...["bwrap", "--bind", root, "/", "--dev-bind", "/dev", "/dev", "--proc", "/proc", "--dev-bind", "/sys", "/sys"],
    ...["--tmpfs", "/run", "--unshare-pid", "--die-with-parent", "--cap-add", "ALL", "--clearenv", "--chdir", "/"],
    ...Object.entries(environment).flatMap(([name, value]) => ["--setenv", name, value]),
    ...["--", ...(user === "root" ? [] : ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"])],
    ...["sh", "-c", command],
  ];
  return await spawnShell(sandbox.map(quote).join(" "));
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
