import { CloudHttp } from "../cloud/http/cloud-http.ts";
import type { Registered } from "../cloud/registration/registration.ts";

/** A device as its server knows it. */
export const testDevice: Registered = {
  uuid: "0123456789abcdef0123456789abcdef",
  deviceKey: "device-key",
  deviceId: 7,
};

/** Requests to a server on the loopback. */
export const testHttp = (endpoint: string): CloudHttp =>
  new CloudHttp({ endpoint, timeoutMs: () => 15_000, userAgent: "test" });
