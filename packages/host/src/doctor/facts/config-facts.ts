import { CONFIG_JSON, isLost } from "../../config/config-file.ts";
import { parseHostConfig } from "../../config/host-config.ts";
import type { Machine } from "../../machine/machine.ts";
import { answerOf } from "../probe/answer-of.ts";
import type { Answers, Probe } from "../probe/probe.ts";

/** What config.json is worth; no value of it. */
export type ConfigFile =
  | { readonly is: "lost" }
  | { readonly is: "broken"; readonly reason: string }
  | {
      readonly is: "valid";
      /** `key: reason` of each that is refused or unknown. */
      readonly refused: readonly string[];
    };

/** A disk that hangs must hold a program of its own, not the doctor. The text goes nowhere: secrets are in it. */
export const configProbes: readonly Probe[] = [{ name: "config", argv: ["cksum", CONFIG_JSON] }];

/** Pure. */
export function judgeConfig(text: string | undefined): ConfigFile {
  if (isLost(text)) return { is: "lost" };
  const parsed = parseHostConfig(text);
  if (!parsed.ok) return { is: "broken", reason: parsed.reason };
  return { is: "valid", refused: parsed.problems.map(({ key, reason }) => `${key}: ${reason}`) };
}

/** @throws when the boot partition does not answer */
export function readConfigFile(answers: Answers, machine: Machine): ConfigFile {
  answerOf(answers, "config");
  return judgeConfig(machine.readText(CONFIG_JSON));
}
