import { type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";

/** Manifests have a few kilobytes, configurations some more. */
const MAX_DOCUMENT = 4 * 1024 * 1024;
/** Registries send to where they keep their blobs, which may send on once more. */
const MAX_REDIRECTS = 5;

export type Asked = {
  readonly signal: AbortSignal;
  readonly accept?: string;
  readonly authorization?: string | undefined;
};

/** What a registry said, whatever its status. */
export type Document = { readonly status: number; readonly text: string; readonly authenticate: string };

/**
 * Gets a small document over HTTP by node:http alone: `fetch` takes megabytes of memory from its first use on. Redirects are
 * followed; what authorises is for the server that it was meant for, no other.
 * @throws Error when there is no answer, it is too long, or redirects do not end
 */
export async function getDocument(from: URL, asked: Asked): Promise<Document> {
  let url = from;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const answer = await exchange(url, url.origin === from.origin ? asked : { ...asked, authorization: undefined });
    const status = answer.statusCode ?? 0;
    const { location } = answer.headers;
    if (status < 300 || status >= 400 || location === undefined) {
      return { status, text: await boundedText(answer), authenticate: answer.headers["www-authenticate"] ?? "" };
    }
    answer.destroy();
    url = new URL(location, url);
  }
  throw new Error(`${from.host} sends from one address to the next without end`);
}

function exchange(url: URL, { signal, accept, authorization }: Asked): Promise<IncomingMessage> {
  const send = url.protocol === "https:" ? requestSecure : requestPlain;
  const headers = { ...(accept && { accept }), ...(authorization && { authorization }) };
  return new Promise((resolve, reject) => {
    const outgoing = send(url, { agent: false, signal, headers });
    outgoing.once("response", resolve);
    outgoing.on("error", reject);
    outgoing.end();
  });
}

async function boundedText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer) {
    if (!(chunk instanceof Buffer)) continue;
    length += chunk.length;
    if (length > MAX_DOCUMENT) throw new Error("the registry's answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
