import type { SupervisorChoice } from "@holdfast/contracts/host";

/** How far the device is with a release of its supervisor. */
export type SelfStanding =
  | { readonly kind: "running" | "on-trial" | "handed-over" | "to-fetch" }
  | { readonly kind: "refused"; readonly reason: string };

/** What the host's record says of a release, to the supervisor whose image is `own`. Pure. */
export function selfStanding(commit: string, choice: SupervisorChoice, own: string): SelfStanding {
  const { trial, confirmed, refused } = choice;
  if (refused?.release === commit) return { kind: "refused", reason: refused.reason };
  if (trial?.release === commit) return { kind: trial.id === own ? "on-trial" : "handed-over" };
  if (confirmed?.release === commit && confirmed.id === own) return { kind: "running" };
  return { kind: "to-fetch" };
}

/** The same, as the fleet is told. */
export type SelfStatus = {
  readonly commit: string;
  readonly progress: "running" | "downloading" | "downloaded" | "starting" | "refused";
  /** Of the download. */
  readonly percent: number;
};
