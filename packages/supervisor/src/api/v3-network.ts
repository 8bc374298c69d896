import { parseWire } from "@holdfast/contracts";
import type { NetworkAnswer } from "@holdfast/contracts/host";
import * as z from "zod";
import type { NetworkRequests } from "../host/network-requests.ts";
import { type Answer, unauthorized } from "./answer.ts";
import type { Ask, Route } from "./router.ts";

/** Body of `POST /v3/network`. */
export const changeBody = z.object({
  /** File name in system-connections -> NetworkManager keyfile; null removes it. */
  connections: z.record(z.string(), z.string().nullable()),
  /** Seconds. */
  confirmWithin: z.number().exactOptional(),
});
/** Body that confirms or reverts a change. */
export const endBody = z.object({ id: z.string().optional() });

/** Refusals by code: what the caller sent is wrong, or it is not the time for it. */
const CONFLICTS = new Set(["host.network-change-pending", "host.no-network-change"]);

function answerOf(answer: NetworkAnswer, status: number): Answer {
  if (answer.ok) {
    const { ok: _, ...rest } = answer;
    return { status, json: rest };
  }
  const { code, message } = answer;
  return { status: CONFLICTS.has(code) ? 409 : 400, json: { status: "failed", code, message } };
}

/** Changes of the host's network that come back by themselves unless they are confirmed. For the owner's key only. */
export function v3NetworkRoutes(requests: Pick<NetworkRequests, "ask">): Route[] {
  const forOwner =
    (answer: (ask: Ask) => Promise<Answer>) =>
    (ask: Ask): Promise<Answer> | Answer =>
      ask.scope.type === "global" ? answer(ask) : unauthorized;
  const end = (verb: "confirm" | "revert"): Route => ({
    method: "POST",
    path: `/v3/network/${verb}`,
    answer: forOwner(async ({ body }) => {
      const { id } = parseWire(endBody, await body(), "The request");
      return answerOf(await requests.ask({ verb, ...(id === undefined ? {} : { id }) }), 200);
    }),
  });
  return [
    {
      method: "GET",
      path: "/v3/network",
      answer: forOwner(async () => answerOf(await requests.ask({ verb: "status" }), 200)),
    },
    {
      method: "POST",
      path: "/v3/network",
      answer: forOwner(async ({ body }) => {
        const change = parseWire(changeBody, await body(), "The change of the network");
        return answerOf(await requests.ask({ verb: "apply", ...change }), 202);
      }),
    },
    end("confirm"),
    end("revert"),
  ];
}
