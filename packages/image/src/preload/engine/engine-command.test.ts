import { expect, it } from "vitest";
import { engineCommand, engineFiles, engineSocket } from "./engine-command.ts";

const places = { dataRoot: "/cache/it's/store", run: "/tmp/run" };

it("keeps all of the engine's files in the places that it was given", () => {
  const argv = engineCommand(places);
  expect(argv.slice(argv.indexOf("dockerd"))).toEqual(
    expect.arrayContaining([
      "--data-root",
      "/cache/it's/store",
      "--exec-root",
      "/tmp/run/exec",
      `unix:///tmp/run/engine.sock`,
    ]),
  );
  expect(engineSocket(places)).toBe("/tmp/run/engine.sock");
  const [[file = "", text = ""] = []] = Object.entries(engineFiles(places));
  expect(file).toBe("/tmp/run/containerd.toml");
  expect(text).toContain('root = "/cache/it\'s/store/containerd"');
});

it("gives dockerd a network of its own and leaves containerd, which starts the containers, in the caller's", () => {
  const script = engineCommand(places).find((word) => word.includes("containerd --config")) ?? "";
  const lines = script.split("\n");
  expect(lines.filter((line) => line.includes("unshare --net"))).toHaveLength(1);
  expect(lines.findIndex((line) => line.startsWith("containerd "))).toBeGreaterThan(
    lines.indexOf("mount -t tmpfs none /run"),
  );
  expect(lines.find((line) => line.startsWith("containerd "))).not.toContain("unshare");
});
