/** What a route answers: text, or a value as JSON. */
export type Answer =
  | { readonly status: number; readonly text: string }
  | { readonly status: number; readonly json: unknown };

/** 200 with a JSON value. */
export const json = (value: unknown): Answer => ({ status: 200, json: value });
/** 200 with text. */
export const text = (value: string): Answer => ({ status: 200, text: value });
/** The body that clients know for every failure: `{"status":"failed","message"}`. */
export const failure = (status: number, message: string): Answer => ({ status, json: { status: "failed", message } });
/** 401 as clients know it. */
export const unauthorized: Answer = { status: 401, text: "Unauthorized" };
