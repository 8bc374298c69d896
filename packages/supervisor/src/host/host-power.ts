import { callDbus } from "./dbus/call-dbus.ts";

/** Turns the device off and on. Returns when the host has taken the request on. */
export type HostPower = { readonly reboot: () => Promise<void>; readonly shutdown: () => Promise<void> };

/** Through systemd-logind, so that units stop in order: apps get their stop signal and grace. @throws `supervisor.dbus-failed` */
export function logindPower(busSocket: string): HostPower {
  const ask = (member: "Reboot" | "PowerOff") => () =>
    callDbus(busSocket, {
      destination: "org.freedesktop.login1",
      path: "/org/freedesktop/login1",
      interface: "org.freedesktop.login1.Manager",
      member,
      // Nobody is there to ask for a password.
      arguments: [false],
    });
  return { reboot: ask("Reboot"), shutdown: ask("PowerOff") };
}
