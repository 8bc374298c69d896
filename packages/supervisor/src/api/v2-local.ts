import { localTargetState, parseWire } from "@holdfast/contracts";
import { isTruthy } from "../spec/labels.ts";
import { failure, json, unauthorized } from "./answer.ts";
import type { Device } from "./device.ts";
import type { Route } from "./router.ts";

/** Endpoints of compat 3.2 for local mode; `balena push <ip>` lives on these. */
export function v2LocalRoutes(device: Device): Route[] {
  return [
    {
      method: "GET",
      path: "/v2/local/target-state",
      answer: ({ scope }) =>
        scope.type === "global" ? json({ status: "success", state: device.localTarget() }) : unauthorized,
    },
    {
      method: "POST",
      path: "/v2/local/target-state",
      answer: async ({ body, scope }) => {
        // In local mode keys are still asked for in production, and a service must not replace the whole device.
        if (scope.type !== "global") return unauthorized;
        if (!device.isLocalMode()) return failure(400, "Target state can only set when device is in local mode");
        const state = parseWire(localTargetState, await body(), "The target state");
        await device.setLocalTarget(state, isTruthy(String(state.force)));
        return json({ status: "success", message: "OK" });
      },
    },
    {
      method: "GET",
      path: "/v2/local/device-info",
      answer: () => json({ status: "success", info: device.info() }),
    },
  ];
}
