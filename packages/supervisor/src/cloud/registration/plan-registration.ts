import type { Identity } from "./identity.ts";

/** What is to be done so that the server knows the device. */
export type RegistrationStep =
  | { readonly do: "nothing"; readonly deviceId: number }
  /** It is registered; the key that it registered with goes. */
  | { readonly do: "forget-provisioning-key"; readonly deviceId: number }
  | { readonly do: "register"; readonly provisioningKey: string }
  /** The server knows the uuid; it has to learn the device's key, and to tell the device's number. */
  | { readonly do: "exchange-key"; readonly mayBecomeAnother: boolean }
  | { readonly do: "wait"; readonly reason: string };

/** Decides the next step (compat 5.1). Pure. */
export function planRegistration(identity: Identity): RegistrationStep {
  const { uuid, apiKey, deviceId, registered_at: registeredAt } = identity;
  if (uuid === undefined) return { do: "wait", reason: "the device has no uuid yet" };
  const isRegistered = registeredAt !== undefined && registeredAt > 0;
  if (isRegistered && deviceId !== undefined && deviceId > 0) {
    return { do: apiKey === undefined ? "nothing" : "forget-provisioning-key", deviceId };
  }
  if (isRegistered) return { do: "exchange-key", mayBecomeAnother: true };
  if (apiKey !== undefined) return { do: "register", provisioningKey: apiKey };
  // Its key may have been made by the server, with the device.
  if (identity.deviceApiKey !== undefined) return { do: "exchange-key", mayBecomeAnother: false };
  return { do: "wait", reason: "config.json has neither apiKey nor deviceApiKey" };
}
