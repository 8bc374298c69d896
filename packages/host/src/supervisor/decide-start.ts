import type { ChosenSupervisor, SupervisorChoice, SupervisorTrial, SupervisorWish } from "@holdfast/contracts/host";

/** What the engine has of an image, judged as a supervisor of this device. */
export type Look =
  | { readonly kind: "fit"; readonly version: string; readonly files: Readonly<Record<string, string>> }
  | { readonly kind: "absent" }
  | { readonly kind: "unfit"; readonly reason: string };

export type StartFacts = {
  /** Config digest of the image that the slot carries. */
  readonly slot: string;
  readonly wish: SupervisorWish | undefined;
  /** The running OS release is not confirmed yet: its verdict must not depend on another supervisor's. */
  readonly isOsOnTrial: boolean;
  /** Given files, they must be what they were. */
  readonly look: (id: string, files?: Readonly<Record<string, string>>) => Look;
};

export type Start = {
  /** Undefined: the slot's own. */
  readonly run: ChosenSupervisor | undefined;
  readonly isTrial: boolean;
  /** What the record says from now on; written before anything is started. */
  readonly choice: SupervisorChoice;
  /** An image is gone or damaged: the wish goes, so that the supervisor fetches it again. */
  readonly dropWish: boolean;
};

/** A power cut, a crash and a hang use up one each. */
const MAX_STARTS = 3;

/**
 * Which supervisor is started now, and what is written before. First the wish changes the choice, then the choice is
 * looked at:
 *
 * | the wish names | the choice becomes |
 * |---|---|
 * | nothing, or the OS release is on trial itself | what it was |
 * | the slot's own image | the slot's own; everything else is forgotten |
 * | the release on trial, or the refused one | what it was |
 * | the confirmed release | the confirmed one; a trial ends without a verdict |
 * | another one, whose image is absent | what it was; the wish is dropped, so that it is fetched again |
 * | another one, whose image cannot be a supervisor here | refused, a trial ends |
 * | another one | on trial |
 *
 * | the choice has | and | runs | becomes |
 * |---|---|---|---|
 * | a trial | starts are left, its image is whole | the trial | one start more |
 * | a trial | its starts are used up, or its image is damaged | the former one | refused |
 * | a trial | its image is absent | the former one | without it; the wish is dropped |
 * | a confirmed one | its image is whole | the confirmed one | |
 * | a confirmed one | its image is not | the slot's | without it; the wish is dropped |
 * | neither | | the slot's | |
 *
 * Pure, but for `look`.
 */
export function decideStart(choice: SupervisorChoice, facts: StartFacts): Start {
  const { choice: heeded, dropWish } = heedWish(choice, facts);
  if (heeded.trial !== undefined) return startTrial(heeded, heeded.trial, facts);
  const start = startFormer(heeded, facts);
  return { ...start, dropWish: start.dropWish || dropWish };
}

type Heeded = { readonly choice: SupervisorChoice; readonly dropWish: boolean };

function heedWish(choice: SupervisorChoice, { slot, wish, isOsOnTrial, look }: StartFacts): Heeded {
  const keep = { choice, dropWish: false };
  if (wish === undefined || isOsOnTrial) return keep;
  const { release, id, needsServer } = wish;
  if (id === slot) return { choice: { slot }, dropWish: false };
  if (release === choice.trial?.release || release === choice.refused?.release) return keep;
  const confirmed = choice.confirmed === undefined ? {} : { confirmed: choice.confirmed };
  if (release === choice.confirmed?.release) return { choice: { slot, ...confirmed }, dropWish: false };
  const seen = look(id);
  if (seen.kind === "absent") return { choice, dropWish: true };
  if (seen.kind === "unfit")
    return { choice: { slot, ...confirmed, refused: { release, reason: seen.reason } }, dropWish: false };
  const { version, files } = seen;
  return {
    choice: { slot, ...confirmed, trial: { release, id, version, files, needsServer, starts: 0 } },
    dropWish: false,
  };
}

function startTrial(choice: SupervisorChoice, trial: SupervisorTrial, facts: StartFacts): Start {
  if (trial.starts >= MAX_STARTS) {
    const reason = trial.reason ?? `it was cut off ${MAX_STARTS} times before it could be confirmed`;
    return startFormer(refuseTrial(choice, reason), facts);
  }
  const seen = facts.look(trial.id, trial.files);
  if (seen.kind === "absent") return { ...startFormer(withoutTrial(choice), facts), dropWish: true };
  if (seen.kind === "unfit") return startFormer(refuseTrial(choice, seen.reason), facts);
  const started = { ...trial, starts: trial.starts + 1 };
  return { run: started, isTrial: true, choice: { ...choice, trial: started }, dropWish: false };
}

function startFormer(choice: SupervisorChoice, { look }: StartFacts): Start {
  const { confirmed, ...rest } = choice;
  if (confirmed === undefined) return { run: undefined, isTrial: false, choice, dropWish: false };
  const isWhole = look(confirmed.id, confirmed.files).kind === "fit";
  if (isWhole) return { run: confirmed, isTrial: false, choice, dropWish: false };
  return { run: undefined, isTrial: false, choice: rest, dropWish: true };
}

/** The choice without its trial, and without a verdict on it. Pure. */
export function withoutTrial({ trial: _, ...rest }: SupervisorChoice): SupervisorChoice {
  return rest;
}

/** The trial's release is not run again until the fleet names another one. Pure. */
export function refuseTrial(choice: SupervisorChoice, reason: string): SupervisorChoice {
  const release = choice.trial?.release;
  return release === undefined ? choice : { ...withoutTrial(choice), refused: { release, reason } };
}

/** The trial's supervisor is the one that runs from now on. Pure. */
export function confirmTrial(choice: SupervisorChoice): SupervisorChoice {
  if (choice.trial === undefined) return choice;
  const { release, id, version, files } = choice.trial;
  return { slot: choice.slot, confirmed: { release, id, version, files } };
}
