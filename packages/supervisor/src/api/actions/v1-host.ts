import { HoldfastError, messageOf } from "@holdfast/contracts";
import { type Answer, text } from "../answer.ts";
import type { Ask, Route } from "../router.ts";
import { parseActionBody } from "./action-body.ts";
import type { DeviceActions } from "./device-actions.ts";

/** Endpoints of compat 3.1 that concern the device as a whole. */
export function v1HostRoutes(actions: DeviceActions): Route[] {
  return [
    // No board tells of a light to blink with yet; clients take the answer for "asked for".
    { method: "POST", path: "/v1/blink", answer: () => text("OK") },
    {
      method: "POST",
      path: "/v1/regenerate-api-key",
      answer: async ({ key }) => text(await actions.replaceKey(key)),
    },
    { method: "POST", path: "/v1/reboot", answer: (ask) => goDown(ask, actions.reboot) },
    { method: "POST", path: "/v1/shutdown", answer: (ask) => goDown(ask, actions.shutdown) },
    {
      method: "POST",
      path: "/v1/update",
      answer: async ({ body }) => {
        const { force, cancel } = parseActionBody(await body());
        return { status: actions.update({ force, cancel }) ? 204 : 202, text: "" };
      },
    },
  ];
}

/** These two have a shape of their own, also when they fail. */
async function goDown({ body }: Ask, act: DeviceActions["reboot"]): Promise<Answer> {
  const { force } = parseActionBody(await body());
  try {
    await act({ force });
    return { status: 202, json: { Data: "OK", Error: null } };
  } catch (error) {
    const isLocked = error instanceof HoldfastError && error.code === "supervisor.updates-locked";
    return { status: isLocked ? 423 : 500, json: { Data: "", Error: messageOf(error) } };
  }
}
