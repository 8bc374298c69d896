import type { Writable } from "node:stream";

/** What a route answers: text, a value as JSON, or a stream that ends when either side has enough. */
export type Answer =
  | { readonly status: number; readonly text: string; readonly contentType?: string }
  | { readonly status: number; readonly json: unknown }
  | StreamAnswer;

export type StreamAnswer = {
  readonly status: number;
  readonly contentType: string;
  /** Begins to write; returns what to do when the client is gone. Ends the client itself when nothing more comes. */
  readonly start: (client: Writable) => () => void;
};

/** 200 with a JSON value. */
export const json = (value: unknown): Answer => ({ status: 200, json: value });
/** 200 with text. */
export const text = (value: string): Answer => ({ status: 200, text: value });
/** The body that clients know for every failure: `{"status":"failed","message"}`. */
export const failure = (status: number, message: string): Answer => ({ status, json: { status: "failed", message } });
/** 401 as clients know it. */
export const unauthorized: Answer = { status: 401, text: "Unauthorized" };
/** 401 for a key that is good, but for another app. */
export const otherApp: Answer = failure(401, "Unauthorized");
