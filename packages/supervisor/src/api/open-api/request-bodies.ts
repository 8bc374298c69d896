import { localTargetState } from "@holdfast/contracts";
import type * as z from "zod";
import { hostConfigBody } from "../../host/host-config-change.ts";
import { actionBody } from "../actions/action-body.ts";
import { journalBody } from "../logs/journal-logs.ts";
import { tagsBody } from "../v2-tags.ts";
import { changeBody, endBody } from "../v3-network.ts";

/** The schemas by which routes read their bodies, by endpoint; all other bodies are those of actions. */
const bodies: Readonly<Record<string, z.ZodType>> = {
  "PATCH /v1/device/host-config": hostConfigBody,
  "POST /v2/journal-logs": journalBody,
  "PATCH /v2/device/tags": tagsBody,
  "POST /v2/local/target-state": localTargetState,
  "POST /v3/network": changeBody,
  "POST /v3/network/confirm": endBody,
  "POST /v3/network/revert": endBody,
};

/** How an endpoint reads its body; undefined when it takes none. */
export function requestBody(endpoint: string, takes: string | undefined): z.ZodType | undefined {
  if (endpoint.startsWith("GET ") || takes === undefined) return undefined;
  return bodies[endpoint] ?? actionBody;
}
