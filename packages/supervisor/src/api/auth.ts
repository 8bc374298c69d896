import type { IncomingMessage } from "node:http";
import type { KeyRing, Scope } from "../device/key-ring.ts";

const HEADER = /^(?:bearer|apikey)\s+(\w+)$/i;

/** The key that a request brings: `?apikey=`, or `Authorization: Bearer|ApiKey` (compat 3). */
function keyOf(request: IncomingMessage, query: URLSearchParams): string | undefined {
  return query.get("apikey") ?? HEADER.exec(request.headers.authorization ?? "")?.[1];
}

/** What a request may touch; undefined when it may not be answered. Without keys in force, all of the device. */
export function authorize(options: {
  readonly request: IncomingMessage;
  readonly query: URLSearchParams;
  readonly keys: KeyRing;
  readonly needsKey: boolean;
}): Scope | undefined {
  if (!options.needsKey) return { type: "global" };
  const key = keyOf(options.request, options.query);
  return key === undefined ? undefined : options.keys.scopeOf(key);
}

/** Whether a scope covers an app. */
export function covers(scope: Scope, appId: number): boolean {
  return scope.type === "global" || scope.appId === appId;
}
