import { parseWire } from "@holdfast/contracts";
import * as z from "zod";
import { isTruthy } from "../../spec/labels.ts";

/** Clients send numbers as numbers or as text, and flags in any way (compat 3). */
const number = z.union([z.number(), z.string()]).optional();
const flag = z
  .unknown()
  .optional()
  .transform((value) => isTruthy(String(value)));

/** Body of requests for actions. */
export const actionBody = z.object({
  appId: number.transform(parseNumber),
  imageId: number.transform(parseNumber),
  serviceName: z.string().optional(),
  force: flag,
  cancel: flag,
});

/** What requests for actions carry. */
export type ActionBody = z.infer<typeof actionBody>;

/** @throws HoldfastError, a refusal, when the body is no object or a field cannot be what it should be */
export function parseActionBody(body: unknown): ActionBody {
  return parseWire(actionBody, body, "The request");
}

/** A number of the fleet's: a whole one that is not negative; undefined for anything else. */
export function parseNumber(value: number | string | undefined): number | undefined {
  const text = String(value ?? "").trim();
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
