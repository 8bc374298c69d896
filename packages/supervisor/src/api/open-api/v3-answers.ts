import * as z from "zod";

const text = z.string();
const appId = z.number().int();

const serviceState = z.strictObject({
  status: text,
  image: text,
  releaseId: z.number().int(),
  downloadProgress: z.number().nullable(),
  waitsFor: text.nullable(),
  failure: text.nullable(),
});
const rejection = z.strictObject({ commit: text, code: text, reason: text });

/** What GET /v3/updates answers. */
export const updatesAnswer = z.strictObject({
  hold: z.boolean(),
  waiting: z.array(z.strictObject({ appId, appUuid: text, name: text, commit: text, downloaded: z.boolean() })),
  apps: z.array(
    z.strictObject({
      appId,
      appUuid: text,
      name: text,
      commit: text,
      updateStatus: text,
      rejected: rejection.nullable(),
      services: z.record(text, serviceState),
    }),
  ),
});

const holdAnswer = z.strictObject({ hold: z.boolean() });
const releaseAnswer = z.strictObject({ released: z.boolean(), hold: z.boolean() });

const networkAnswer = z.strictObject({
  status: z.enum(["none", "trying", "confirmed", "reverted"]),
  id: text.optional(),
  connections: z.array(text).optional(),
  secondsLeft: z.number().optional(),
  reason: text.optional(),
});

/** Bodies of v3's good answers that are JSON, by endpoint. */
export const v3Answers: Readonly<Record<string, z.ZodType>> = {
  "GET /v3/updates": updatesAnswer,
  "POST /v3/updates/hold": holdAnswer,
  "POST /v3/updates/release": releaseAnswer,
  "GET /v3/network": networkAnswer,
  "POST /v3/network": networkAnswer,
  "POST /v3/network/confirm": networkAnswer,
  "POST /v3/network/revert": networkAnswer,
};
