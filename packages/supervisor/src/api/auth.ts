import type { IncomingMessage } from "node:http";
import type { KeyRing, Scope } from "../device/key-ring.ts";

const HEADER = /^(?:bearer|apikey)\s+(\w+)$/i;

/** The key that a request brings: `?apikey=`, or `Authorization: Bearer|ApiKey` (compat 3). */
function keyOf(request: IncomingMessage, query: URLSearchParams): string | undefined {
  return query.get("apikey") ?? HEADER.exec(request.headers.authorization ?? "")?.[1];
}

/**
 * What a request may touch, and the known key that it brought. No scope: it may not be answered. Without keys in force, the
 * scope is all of the device.
 */
export function authorize(options: {
  readonly request: IncomingMessage;
  readonly query: URLSearchParams;
  readonly keys: KeyRing;
  readonly needsKey: boolean;
}): { readonly scope: Scope | undefined; readonly key: string | undefined } {
  const brought = keyOf(options.request, options.query);
  const scope = brought === undefined ? undefined : options.keys.scopeOf(brought);
  const key = scope === undefined ? undefined : brought;
  return { scope: options.needsKey ? scope : { type: "global" }, key };
}

/** Whether a scope covers an app. */
export function covers(scope: Scope, appId: number): boolean {
  return scope.type === "global" || scope.appId === appId;
}
