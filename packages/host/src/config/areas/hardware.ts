import type { RenderArea } from "../rendered-file.ts";

export const FAN_PROFILE = "/run/holdfast/fan-profile";
export const POWER_MODE = "/run/holdfast/power-mode";

/** Settings that a program of the board carries out; the units run it with what the file says. */
export const renderHardware: RenderArea = ({ fanProfile, powerMode }) => [
  {
    path: FAN_PROFILE,
    mode: 0o644,
    content: fanProfile,
    place: "memory",
    onChange: [{ action: "restart", unit: "os-fan-profile.service" }],
  },
  { path: POWER_MODE, mode: 0o644, content: powerMode, place: "memory", when: "boot" },
];
