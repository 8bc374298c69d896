import { defineBoard } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { readContent } from "../tree/read-content.ts";
import { watchdogSettings } from "./watchdog.ts";

const board = {
  slug: "made-up",
  name: "Made up",
  arch: "amd64" as const,
  balenaArch: "amd64" as const,
  deviceType: "generic-amd64",
  kernel: "linux-image-amd64",
  layers: ["base"],
  loader: { from: "/loader.efi", to: "EFI/BOOT/BOOTX64.EFI" },
  stub: "/stub.efi",
};

it("tells PID 1 the board's seconds", async () => {
  const [file] = watchdogSettings(defineBoard({ ...board, watchdog: { runtime: 15 } }));
  expect(file?.[0]).toBe("usr/lib/systemd/system.conf.d/board-watchdog.conf");
  if (file?.[1].type !== "file") throw new Error("no file");
  const text = new TextDecoder().decode(await readContent(file[1].content));
  expect(text).toBe("[Manager]\nRuntimeWatchdogSec=15\nRebootWatchdogSec=240\n");
});

it("leaves a board without a watchdog alone", () => {
  expect(watchdogSettings(defineBoard(board)).size).toBe(0);
});

it.each([
  [{ runtime: 5 }, "watchdog.runtime"],
  [{ runtime: 15.5 }, "watchdog.runtime"],
  [{ runtime: 15, reboot: 3600 }, "watchdog.reboot"],
])("refuses what would reset a healthy device or what no hardware counts: %j", (watchdog, field) => {
  expect(() => defineBoard({ ...board, watchdog })).toThrow(field);
});
