import * as z from "zod";
import type { Step } from "../../plan/step.ts";

const text = z.string();
const count = z.number().int().nonnegative();
const appId = z.number().int();

/** Written so that a kind of step that is missing here does not compile. */
const stepKinds = {
  "create-network": true,
  "remove-network": true,
  "create-volume": true,
  "remove-volume": true,
  "pull-image": true,
  "remove-image": true,
  "create-container": true,
  "connect-network": true,
  "start-container": true,
  "restart-container": true,
  "stop-container": true,
  "remove-container": true,
  "rename-container": true,
} satisfies Record<Step["do"], true>;
const step = {
  step: z.enum(Object.keys(stepKinds)),
  appId: appId.nullable(),
  service: text.nullable(),
  object: text,
};
const stepData = z.strictObject(step);
const plan = z.strictObject({
  appId: appId.nullable(),
  steps: z.array(stepData),
  waits: z.array(z.strictObject({ service: text, reason: text })),
  more: count,
});
const service = z.strictObject({
  appId,
  service: text,
  status: text,
  health: text.nullable(),
  image: text.nullable(),
  releaseId: z.number().int().nullable(),
});

/** The data of GET /v3/events, by the event's name. */
export const v3EventData: Readonly<Record<string, z.ZodType>> = {
  snapshot: z.strictObject({
    applied: z.boolean(),
    services: z.array(service),
    steps: z.array(stepData),
    plans: z.array(plan),
  }),
  plan,
  "step-started": stepData,
  "step-progress": z.strictObject({ ...step, percent: z.number().min(0).max(100), bytes: count }),
  "step-ended": stepData,
  "step-failed": z.strictObject({ ...step, message: text, retryInSeconds: count }),
  service,
  lock: z.strictObject({ appId, services: z.array(text), reason: text.nullable() }),
  release: z.strictObject({
    appId,
    appUuid: text,
    name: text,
    commit: text,
    verdict: z.enum(["good", "rejected"]),
    reason: text.nullable(),
  }),
  applied: z.strictObject({ applied: z.boolean() }),
};
