export type JsonObject = Readonly<Record<string, unknown>>;

/** The object that a text holds as JSON; an empty one when it holds something else, or nothing. Never throws. Pure. */
export function readJsonObject(text: string | undefined): JsonObject {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}
