import { expect, it } from "vitest";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { loadPreload } from "./load-preload.ts";

const ARCHIVE = "/mnt/data/preload/images.tar.zst";

it("frees the archive after the engine's writes are flushed", () => {
  const machine = simulateMachine((argv, self) => {
    if (argv[0] === "sync" && argv[1] === "-f") expect(self.kindOf(ARCHIVE)).toBe("file");
    return argv[0] === "curl" ? { output: '{"stream":"Loaded image: a"}\n\n200' } : undefined;
  });
  machine.put(ARCHIVE, "images");
  expect(loadPreload(machine)).toBe(0);
  expect(machine.commands.slice(1)).toEqual([`sync -f ${ARCHIVE}`, "sync /mnt/data/preload"]);
  expect(machine.kindOf(ARCHIVE)).toBeUndefined();
});

it.each([
  [
    "a failure that the engine reports after its 200",
    '{"error":"no space left on device"}\n\n200',
    "no space left on device",
  ],
  ["an engine that is down", "\n000", "the engine does not answer"],
  ["a refusal", '{"message":"invalid tar header"}\n400', "invalid tar header"],
])("keeps the archive after %s", (_, output, reason) => {
  const machine = simulateMachine((argv) => (argv[0] === "curl" ? { output } : undefined));
  machine.put(ARCHIVE, "images");
  expect(loadPreload(machine)).toBe(1);
  expect(machine.kindOf(ARCHIVE)).toBe("file");
  expect(machine.lines.join()).toContain(reason);
});
