import { text } from "./answer.ts";
import type { Device } from "./device.ts";
import type { Route } from "./router.ts";

/** Endpoints of compat 3.1. */
export function v1Routes(device: Device): Route[] {
  return [
    { method: "GET", path: "/ping", isOpen: true, answer: () => text("OK") },
    {
      method: "GET",
      path: "/v1/healthy",
      isOpen: true,
      answer: () => (device.isHealthy() ? text("OK") : { status: 500, text: "Unhealthy" }),
    },
  ];
}
