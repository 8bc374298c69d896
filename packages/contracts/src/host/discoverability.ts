import { readJsonObject } from "./json-object.ts";

/** The text of `discoverability.json`: whether the fleet wants the device to be found by name. Pure. */
export const formatDiscoverability = (discoverable: boolean): string => `${JSON.stringify({ discoverable })}\n`;

/** What the fleet wants; undefined while it says nothing that can be understood. Never throws. Pure. */
export function parseDiscoverability(text: string | undefined): boolean | undefined {
  const { discoverable } = readJsonObject(text);
  return typeof discoverable === "boolean" ? discoverable : undefined;
}
