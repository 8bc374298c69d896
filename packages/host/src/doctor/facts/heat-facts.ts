import type { Machine } from "../../machine/machine.ts";
import type { Answers } from "../probe/probe.ts";

/** A place where the board measures its temperature, in degrees Celsius. */
export type HeatZone = {
  readonly name: string;
  readonly degrees: number;
  /** Where the board switches itself off. */
  readonly critical: number | undefined;
};
export type Heat = {
  readonly zones: readonly HeatZone[];
  /** Processors that run slower than they could, since they are hot. */
  readonly slowed: readonly string[];
  /** The power supply gives too little. */
  readonly isPowerLow: boolean;
};

const THERMAL = "/sys/class/thermal";
const MONITORS = "/sys/class/hwmon";

function textAt(machine: Machine, path: string): string {
  return (machine.readText(path) ?? "").trim();
}

function readZone(machine: Machine, folder: string): HeatZone | undefined {
  const thousandths = textAt(machine, `${folder}/temp`);
  // A sensor that is switched off has no temperature.
  if (!/^-?\d+$/.test(thousandths)) return undefined;
  const trip = [...Array(12).keys()].find((at) => textAt(machine, `${folder}/trip_point_${at}_type`) === "critical");
  const critical = Number(textAt(machine, `${folder}/trip_point_${trip}_temp`)) / 1000;
  return {
    name: textAt(machine, `${folder}/type`),
    degrees: Number(thousandths) / 1000,
    critical: critical > 0 ? critical : undefined,
  };
}

/** From sysfs: what the board has of it. Fans are cooling devices, too, and may well turn. */
export function readHeat(_: Answers, machine: Machine): Heat {
  const entries = (machine.list(THERMAL) ?? []).map((name) => `${THERMAL}/${name}`);
  const coolers = entries.filter((folder) => folder.includes("/cooling_device"));
  const monitors = (machine.list(MONITORS) ?? []).map((name) => `${MONITORS}/${name}`);
  return {
    zones: entries
      .filter((folder) => folder.includes("/thermal_zone"))
      .flatMap((folder) => readZone(machine, folder) ?? []),
    slowed: coolers
      .filter((folder) => Number(textAt(machine, `${folder}/cur_state`)) > 0)
      .map((folder) => textAt(machine, `${folder}/type`))
      .filter((type) => /processor|cpufreq|cpu-/i.test(type)),
    // The name of the Raspberry Pi's voltage alarm.
    isPowerLow: monitors.some(
      (folder) =>
        textAt(machine, `${folder}/name`) === "rpi_volt" && textAt(machine, `${folder}/in0_lcrit_alarm`) === "1",
    ),
  };
}
