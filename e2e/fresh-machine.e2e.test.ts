import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FreshRoot, freshRoot } from "./machine/fresh-root.ts";

/** From an empty cache: tools, packages and the supervisor's image are made first, and nothing helps the emulated boot. */
const UP_LIMIT = 3_600_000;
/** Entering the minimal root (namespaces, mounts, chroot) is part of what is measured, so the limit is wider than 0.3 s. */
const AT_ONCE_MS = 600;

const UP = "/src/holdfast up && /src/holdfast up --json && /src/holdfast status && /src/holdfast down";

describe.each(["bookworm", "trixie"] as const)("a minimal %s installation, for an ordinary user", (suite) => {
  let root: FreshRoot;
  let named: string | undefined;
  beforeAll(async () => {
    root = await freshRoot(suite);
  });
  afterAll(() => root?.[Symbol.asyncDispose]());

  it("names one command to run with sudo, and says at once that something is missing", async () => {
    const outcome = await root.run("/src/holdfast boards", "someone");
    expect(outcome.status).toBe(1);
    expect(outcome.firstOutputMs).toBeLessThan(AT_ONCE_MS);
    named = namedCommand(outcome.output);
    expect(named).toMatch(/apt-get install .*bubblewrap ca-certificates nodejs npm uidmap/);
    expect(outcome.output).toContain("code: cli.missing-host-tool");
  });

  it("needs nothing more of root once that was run, and installs the rest itself", async () => {
    const installed = await root.run(named ?? "false", "root");
    expect(installed.status, installed.output).toBe(0);
    const outcome = await root.run("/src/holdfast boards", "someone");
    expect(outcome.output).toContain("Installed npm packages in");
    expect(outcome.output).toContain("generic-arm64");
    expect(outcome.status).toBe(0);
  });

  it("is quiet and needs no network the second time, from any directory and through a link", async () => {
    await root.run("ln -s /src/holdfast /usr/bin/hf", "root");
    const outcome = await root.run("cd /tmp && unshare --map-root-user --net hf boards --json", "someone");
    expect(JSON.parse(outcome.output)).toHaveLength(2);
  });

  it("sets up once when two commands start side by side", async () => {
    const both = "rm -rf /src/node_modules; /src/holdfast --version & /src/holdfast --version; wait";
    const outcome = await root.run(both, "someone");
    expect(outcome.output.match(/Installing npm packages/g)).toHaveLength(1);
    expect(outcome.output.match(/^\d+\.\d+\.\d+$/gm)).toHaveLength(2);
  });

  it("works with a home that cannot be written", async () => {
    const outcome = await root.run("HOME=/proc/none /src/holdfast boards", "someone");
    expect(outcome.output).toContain("generic-amd64");
    expect(outcome.status).toBe(0);
  });

  it("names one command that gives subordinate ids to a user who has none", { timeout: UP_LIMIT }, async () => {
    await root.run("sed -i /^someone:/d /etc/subuid /etc/subgid", "root");
    const outcome = await root.run("/src/holdfast up", "someone");
    expect(outcome.output).toContain("code: image.missing-program");
    expect(outcome.status).toBe(1);
    const granted = await root.run(namedCommand(outcome.output) ?? "false", "root");
    expect(granted.status, granted.output).toBe(0);
  });

  it("goes from nothing to a running device with the sample's page by one command", { timeout: UP_LIMIT }, () =>
    bringUp(root, "someone"),
  );
});

describe("a minimal trixie installation, for root", () => {
  let root: FreshRoot;
  beforeAll(async () => {
    root = await freshRoot("trixie");
  });
  afterAll(() => root?.[Symbol.asyncDispose]());

  it("installs what is missing and runs the command", async () => {
    const outcome = await root.run("/src/holdfast boards", "root");
    expect(outcome.output).toContain("Installing Debian packages: bubblewrap ca-certificates nodejs npm");
    expect(outcome.output).toContain("Installed npm packages in");
    expect(outcome.output).toContain("generic-arm64");
    expect(outcome.status).toBe(0);
  });

  it("goes from nothing to a running device with the sample's page by one command", { timeout: UP_LIMIT }, () =>
    bringUp(root, "root"),
  );
});

/** The command that a message says is to be run with sudo. */
function namedCommand(output: string): string | undefined {
  return /Run once: sudo (.*)$/m.exec(output)?.[1];
}

async function bringUp(root: FreshRoot, user: "root" | "someone"): Promise<void> {
  // The device ends with the namespaces of this one run, so all of it happens there.
  const outcome = await root.run(`( ${UP} ) 2>&1`, user);
  expect(outcome.output).toContain("The virtual device holdfast came up in");
  expect(outcome.output).toMatch(/"started": false/);
  expect(outcome.output).toMatch(/holdfast +running +answers +3 of 3 running/);
  expect(outcome.status).toBe(0);
}
