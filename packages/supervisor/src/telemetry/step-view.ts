import { describeStep } from "../apply/describe-step.ts";
import { appOfStep } from "../apply/step-kinds.ts";
import type { Step } from "../plan/step.ts";
import type { Desired } from "../spec/desired.ts";

/** A step as events tell it. `appId`: null when it is the device's. */
export type StepView = {
  readonly step: Step["do"];
  readonly appId: number | null;
  readonly service: string | null;
  /** What it works on: the name of an image, network or volume, or service and image. */
  readonly object: string;
};

/** A step in the words of events. Pure. */
export function stepView(step: Step, desired: Desired | undefined): StepView {
  return {
    step: step.do,
    appId: appOfStep(step) ?? appByName(step, desired) ?? null,
    service: serviceOf(step),
    object: describeStep(step).object,
  };
}

function serviceOf(step: Step): string | null {
  if (step.do === "create-container") return step.spec.service;
  if (step.do === "pull-image") return step.service;
  return "of" in step ? step.of.service : null;
}

/** Steps on images, networks and volumes are an app's by what the target says of their names. */
function appByName(step: Step, desired: Desired | undefined): number | undefined {
  const apps = desired?.apps ?? [];
  switch (step.do) {
    case "pull-image": {
      const wanted = [...apps.flatMap(({ services }) => services), ...(desired?.prefetch ?? [])];
      return wanted.find(({ image, service }) => image === step.image && service === step.service)?.appId;
    }
    case "create-network":
      return apps.find(({ networks }) => networks.some(({ name }) => name === step.network.name))?.id;
    case "create-volume":
      return apps.find(({ volumes }) => volumes.some(({ name }) => name === step.volume.name))?.id;
    default:
      return undefined;
  }
}
