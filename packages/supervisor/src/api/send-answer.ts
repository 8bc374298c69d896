import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer, StreamAnswer } from "./answer.ts";

/** A client that takes nothing of its answer for so long is gone. Streams are bounded by their own routes. */
const STUCK_MS = 30_000;
/** What is still on its way of a refused body is thrown away for so long: who is cut off at once may never see why. */
const LINGER_MS = 2000;

/** Sends an answer, or begins to. */
export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if ("start" in answer) sendStream(response, answer);
  else sendWhole(request, response, answer);
}

function sendStream(response: ServerResponse, { status, contentType, start }: StreamAnswer): void {
  response.writeHead(status, { "content-type": contentType, "cache-control": "no-store" });
  response.flushHeaders();
  const stop = start(response);
  // The client may be gone already, and then no event tells of it.
  if (response.destroyed) stop();
  else response.once("close", stop);
}

function sendWhole(request: IncomingMessage, response: ServerResponse, answer: Exclude<Answer, StreamAnswer>): void {
  const isText = "text" in answer;
  const content = Buffer.from(isText ? answer.text : JSON.stringify(answer.json));
  const contentType = isText ? (answer.contentType ?? "text/html; charset=utf-8") : "application/json; charset=utf-8";
  const isRead = request.complete;
  response.writeHead(answer.status, {
    "content-type": contentType,
    "content-length": content.length,
    // A body that nobody read (refused early) must not be taken for the next request.
    ...(isRead ? {} : { connection: "close" }),
  });
  response.setTimeout(STUCK_MS);
  if (isRead) response.end(content);
  else endAfterBody(request, response, content);
}

function endAfterBody(request: IncomingMessage, response: ServerResponse, content: Buffer): void {
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  response.write(content);
  request.once("end", end);
  request.once("close", end);
  request.resume();
}
