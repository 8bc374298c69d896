import { describe, expect, it } from "vitest";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { applyBoardSetting } from "./board-setting.ts";
import { clearExtraFirmware, setExtraFirmware } from "./extra-firmware.ts";

const PATH = "/sys/module/firmware_class/parameters/path";

describe("applyBoardSetting", () => {
  it("calls the board's program with the value, and says when there is none", () => {
    const machine = simulateMachine();
    machine.put("/run/holdfast/fan-profile", "quiet\n");
    expect(applyBoardSetting(machine, "fan-profile")).toBe(0);
    expect(machine.lines).toEqual(["fan-profile quiet: not supported on this board"]);
    machine.put("/usr/lib/holdfast/board/fan-profile", "");
    expect(applyBoardSetting(machine, "fan-profile")).toBe(0);
    expect(machine.commands).toEqual(["/usr/lib/holdfast/board/fan-profile quiet"]);
  });

  it("passes on that the program failed", () => {
    const machine = simulateMachine(() => ({ status: 3 }));
    machine.put("/run/holdfast/power-mode", "low");
    machine.put("/usr/lib/holdfast/board/power-mode", "");
    expect(applyBoardSetting(machine, "power-mode")).toBe(3);
  });
});

describe("setExtraFirmware", () => {
  it("points the kernel to the volume once it exists, and back", () => {
    const machine = simulateMachine();
    machine.put(PATH, "\n");
    expect(setExtraFirmware(machine)).toBe(0);
    machine.put("/run/holdfast/extra-firmware", "extra-firmware");
    expect(setExtraFirmware(machine)).toBe(1);
    machine.makeDirectory("/var/lib/docker/volumes/extra-firmware/_data");
    expect(setExtraFirmware(machine)).toBe(0);
    expect(machine.readText(PATH)).toBe("/var/lib/docker/volumes/extra-firmware/_data");
    clearExtraFirmware(machine);
    expect(machine.readText(PATH)?.trim()).toBe("");
  });
});
