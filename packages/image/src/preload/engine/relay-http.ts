import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";

/**
 * Sends a request on by `sent`, which is made but has no body yet, and the answer back. A server that fails is an answer
 * with status 502 and its words; in the middle of its answer, it is a connection that breaks off.
 */
export function relayHttp(incoming: IncomingMessage, outgoing: ServerResponse, sent: ClientRequest): void {
  const fail = (cause: Error): void => {
    if (outgoing.headersSent) outgoing.destroy();
    else outgoing.writeHead(502).end(cause.message);
  };
  sent.once("response", (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.once("error", fail).pipe(outgoing);
  });
  sent.once("error", fail);
  outgoing.once("close", () => sent.destroy());
  incoming.pipe(sent);
}
