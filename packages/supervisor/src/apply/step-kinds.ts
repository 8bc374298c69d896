import type { Step } from "../plan/step.ts";

/** A step that a user may forbid by an update lock. */
export type DisruptiveStep = Extract<
  Step,
  { readonly do: "stop-container" | "restart-container" | "remove-container" | "rename-container" }
>;

/** Whether a step touches a container that runs, or that its user may still want. */
export function isDisruptive(step: Step): step is DisruptiveStep {
  switch (step.do) {
    case "stop-container":
    case "restart-container":
    case "remove-container":
    case "rename-container":
      return true;
    default:
      return false;
  }
}

/** The app whose container a step works on; undefined for networks, volumes and images. */
export function appOfStep(step: Step): number | undefined {
  if (step.do === "create-container") return step.spec.appId;
  return "of" in step ? step.of.appId : undefined;
}

/** Steps that run at a time are counted by kind: downloads and stops take long and wait for nothing of ours. */
export type Lane = "pull" | "stop" | "other";

export function laneOf(step: Step): Lane {
  if (step.do === "pull-image") return "pull";
  return step.do === "stop-container" || step.do === "restart-container" ? "stop" : "other";
}
