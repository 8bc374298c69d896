import type { Target } from "../target/target.ts";

/** Whether an app shares the host's network: the firewall's mode `auto` asks. */
export const usesHostNetwork = (target: Target): boolean =>
  target.apps.some(({ services }) => services.some(({ compose }) => compose.network_mode === "host"));
