import { readFileSync } from "node:fs";
import { nameBuildMounts } from "@holdfast/contracts/host";
import { describe, expect, it } from "vitest";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { addBuildMounts } from "./add-build-mounts.ts";

const layer = new URL("../../../../os/layers/engine/files/usr/lib/holdfast/", import.meta.url);
const CREATE = ["--log-format", "json", "create", "--bundle", "/b", "--pid-file", "/b/init.pid", "0123"];
const mounts = [
  { source: "/var/lib/docker/tmp/aa", destination: "/run/secrets", isReadOnly: true },
  { source: "/var/lib/docker/tmp", destination: "/var/lib/docker/tmp", isReadOnly: false },
];
const proc = { destination: "/proc", type: "proc", source: "proc" };

function described(cgroupsPath: string, args = CREATE): Record<string, unknown> {
  const machine = simulateMachine();
  machine.put("/b/config.json", JSON.stringify({ ociVersion: "1", mounts: [proc], linux: { cgroupsPath, a: 1 } }));
  expect(addBuildMounts(machine, args)).toBe(0);
  return JSON.parse(machine.readText("/b/config.json") ?? "");
}

describe("addBuildMounts", () => {
  it("adds a build's mounts after the container's own and restores its cgroup", () => {
    for (const args of [CREATE, ["create", "--bundle=/b", "0123"], ["create", "-b", "/b", "0123"]]) {
      expect(described(`${nameBuildMounts({ mounts })}:docker:0123`, args)).toEqual({
        ociVersion: "1",
        mounts: [
          proc,
          {
            destination: "/run/secrets",
            type: "bind",
            source: "/var/lib/docker/tmp/aa",
            options: ["rbind", "ro", "rprivate"],
          },
          {
            destination: "/var/lib/docker/tmp",
            type: "bind",
            source: "/var/lib/docker/tmp",
            options: ["rbind", "rw", "rprivate"],
          },
        ],
        linux: { cgroupsPath: "apps.slice:docker:0123", a: 1 },
      });
    }
  });

  it("keeps the parent that the build's client asked for", () => {
    const name = nameBuildMounts({ mounts, cgroupParent: "mine.slice" });
    expect(described(`${name}:docker:0123`)["linux"]).toMatchObject({ cgroupsPath: "mine.slice:docker:0123" });
    expect(described(`/${nameBuildMounts({ mounts })}/0123`)["linux"]).toMatchObject({ cgroupsPath: "/docker/0123" });
  });

  it("leaves other containers alone, and other commands", () => {
    for (const path of ["apps.slice:docker:0123", "/holdfast-build-zz.slice/0123"]) {
      expect(described(path)).toEqual({ ociVersion: "1", mounts: [proc], linux: { cgroupsPath: path, a: 1 } });
    }
    expect(addBuildMounts(simulateMachine(), ["kill", "0123"])).toBe(0);
    expect(addBuildMounts(simulateMachine(), CREATE)).toBe(0);
  });

  it("fails when it cannot write, so that no step runs without its mounts", () => {
    const machine = simulateMachine(undefined, { cutAfter: 0 });
    const spec = { linux: { cgroupsPath: `${nameBuildMounts({ mounts })}:docker:0123` } };
    machine.put("/b/config.json", JSON.stringify(spec));
    expect(() => addBuildMounts(machine, CREATE)).toThrow();
  });

  it("agrees with the engine's configuration about the usual parent and the runtime", () => {
    const daemon = JSON.parse(readFileSync(new URL("daemon.json", layer), "utf8"));
    expect(daemon).toMatchObject({
      "cgroup-parent": "apps.slice",
      "default-runtime": "crun",
      runtimes: { crun: { path: "/usr/lib/holdfast/runtime" } },
    });
    expect(readFileSync(new URL("runtime", layer), "utf8")).toContain('build-mounts.js" "$@" || exit 1');
  });
});
