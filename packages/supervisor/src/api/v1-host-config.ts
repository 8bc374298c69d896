import { HoldfastError, messageOf } from "@holdfast/contracts";
import type { HostActions } from "../host/host-actions.ts";
import { parseHostConfigPatch } from "../host/host-config-change.ts";
import type { HostConfigFiles } from "../host/host-config-files.ts";
import { type Answer, json, text } from "./answer.ts";
import { BadBody } from "./body.ts";
import type { Route } from "./router.ts";

/** What goes wrong here is answered as text (compat 3.1). */
function failureOf(error: unknown): Answer {
  const message = messageOf(error);
  if (error instanceof HoldfastError && error.code === "supervisor.updates-locked")
    return { status: 423, text: message };
  if (error instanceof BadBody) return { status: error.status, text: message };
  return { status: error instanceof HoldfastError && error.family === "refusal" ? 400 : 503, text: message };
}

/** The host's name and proxy (compat 3.1). Every key may: a service may well be what knows the network. */
export function v1HostConfigRoutes(
  files: Pick<HostConfigFiles, "read" | "write">,
  host: Pick<HostActions, "withLocks">,
): Route[] {
  const path = "/v1/device/host-config";
  return [
    { method: "GET", path, answer: () => files.read().then(json, failureOf) },
    {
      method: "PATCH",
      path,
      answer: async ({ body }) => {
        try {
          const { change, force } = parseHostConfigPatch(await body());
          await host.withLocks({ force }, () => files.write(change));
          return text("OK");
        } catch (error) {
          return failureOf(error);
        }
      },
    },
  ];
}
