import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FreshRoot, freshRoot } from "./machine/fresh-root.ts";

/** From an empty cache: tools, packages and the supervisor's image are made first, and nothing helps the emulated boot. */
const UP_LIMIT = 3_600_000;
/** Entering the minimal root (namespaces, mounts, chroot) is part of what is measured, so the limit is wider than 0.3 s. */
const AT_ONCE_MS = 600;

describe.each(["bookworm", "trixie"] as const)("a minimal %s installation", (suite) => {
  let root: FreshRoot;
  beforeAll(async () => {
    root = await freshRoot(suite);
  });
  afterAll(() => root?.[Symbol.asyncDispose]());

  it("names one command to run with sudo to an ordinary user, and says at once that something is missing", async () => {
    const outcome = await root.run("/src/holdfast boards", "someone");
    expect(outcome.status).toBe(1);
    expect(outcome.firstOutputMs).toBeLessThan(AT_ONCE_MS);
    expect(outcome.output).toMatch(/Run once: sudo .*apt-get install .*bubblewrap ca-certificates nodejs npm/);
    expect(outcome.output).toContain("code: cli.missing-host-tool");
  });

  it("installs what is missing for root and runs the command", async () => {
    const outcome = await root.run("/src/holdfast boards", "root");
    expect(outcome.output).toContain("Installing Debian packages: bubblewrap ca-certificates nodejs npm");
    expect(outcome.output).toContain("Installed npm packages in");
    expect(outcome.output).toContain("generic-arm64");
    expect(outcome.status).toBe(0);
  });

  it("is quiet and needs no network the second time, from any directory and through a link", async () => {
    const link = "ln -s /src/holdfast /usr/bin/hf && cd /tmp";
    const outcome = await root.run(`${link} && unshare --net hf boards --json`, "root");
    expect(JSON.parse(outcome.output)).toHaveLength(2);
  });

  it("sets up once when two commands start side by side", async () => {
    const both = "rm -rf /src/node_modules; /src/holdfast --version & /src/holdfast --version; wait";
    const outcome = await root.run(both, "root");
    expect(outcome.output.match(/Installing npm packages/g)).toHaveLength(1);
    expect(outcome.output.match(/^\d+\.\d+\.\d+$/gm)).toHaveLength(2);
  });

  it("works for an ordinary user with a home that cannot be written", async () => {
    const outcome = await root.run("HOME=/proc/none /src/holdfast boards", "someone");
    expect(outcome.output).toContain("generic-amd64");
    expect(outcome.status).toBe(0);
  });

  it("goes from nothing to a running device with the sample's page by one command", { timeout: UP_LIMIT }, async () => {
    // The device ends with the namespaces of this one run, so all of it happens there.
    const script = "/src/holdfast up && /src/holdfast up --json && /src/holdfast status && /src/holdfast down";
    const outcome = await root.run(`( ${script} ) 2>&1`, "root");
    expect(outcome.output).toContain("The virtual device holdfast came up in");
    expect(outcome.output).toMatch(/"started": false/);
    expect(outcome.output).toMatch(/holdfast +running +answers +3 of 3 running/);
    expect(outcome.status).toBe(0);
  });
});
