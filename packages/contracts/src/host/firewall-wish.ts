import { readJsonObject } from "./json-object.ts";

/** How the fleet wants the firewall: `auto` is on while an app of the device shares the host's network. */
export type FirewallMode = "on" | "off" | "auto";

/** `firewall.json`: what the supervisor knows and the host does not. The host applies it at once and at each boot. */
export type FirewallWish = {
  readonly mode: FirewallMode;
  /** An app shares the host's network. */
  readonly hasHostServices: boolean;
  /** The device API is for everybody: local mode. The host lets this in development mode only. */
  readonly isApiOpen: boolean;
  readonly apiPort: number;
};

/** Until the supervisor says otherwise: the device API is closed to the network, all else is left alone. */
export const DEFAULT_FIREWALL_WISH: FirewallWish = {
  mode: "off",
  hasHostServices: false,
  isApiOpen: false,
  apiPort: 48_484,
};

/** What is not understood is off, the device contract's default. Pure. */
export const firewallModeOf = (value: unknown): FirewallMode =>
  value === "on" || value === "auto" ? value : DEFAULT_FIREWALL_WISH.mode;

/** Reads the wish; each field that cannot be used keeps its default. Never throws. Pure. */
export function parseFirewallWish(text: string | undefined): FirewallWish {
  const { mode, hasHostServices, isApiOpen, apiPort } = readJsonObject(text);
  const isPort = typeof apiPort === "number" && Number.isInteger(apiPort) && apiPort > 0 && apiPort < 65_536;
  return {
    mode: firewallModeOf(mode),
    hasHostServices: hasHostServices === true,
    isApiOpen: isApiOpen === true,
    apiPort: isPort ? apiPort : DEFAULT_FIREWALL_WISH.apiPort,
  };
}
