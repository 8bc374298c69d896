import type { Readable } from "node:stream";
import type { Scope } from "../device/key-ring.ts";
import type { Answer } from "./answer.ts";

export type Ask = {
  /** Values of the `:name` parts of the path. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly scope: Scope;
  /** The key that the request brought, if the device knows it. */
  readonly key?: string | undefined;
  /** What the client of an event stream had last. */
  readonly lastEventId?: string | undefined;
  /** The parsed body, JSON or form; `{}` when there is none. Throws `BadBody`. */
  readonly body: () => Promise<unknown>;
  /** The body unread, instead of `body`; the server always gives it. */
  readonly stream?: Readable;
};

export type Route = {
  readonly method: "GET" | "POST" | "PATCH";
  readonly path: string;
  /** Answers without a key (compat 3). */
  readonly isOpen?: boolean;
  readonly answer: (ask: Ask) => Promise<Answer> | Answer;
};

export type Match = { readonly route: Route; readonly params: Readonly<Record<string, string>> };

/** Finds routes by method and path; a part `:name` matches one segment. */
export class Router {
  readonly #routes: readonly { readonly route: Route; readonly parts: readonly string[] }[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => ({ route, parts: route.path.split("/") }));
  }

  find(method: string, path: string): Match | undefined {
    const asked = path.replace(/\/+$/, "").split("/");
    for (const { route, parts } of this.#routes) {
      const params = route.method === method ? matchParts(parts, asked) : undefined;
      if (params !== undefined) return { route, params };
    }
    return undefined;
  }
}

function matchParts(parts: readonly string[], asked: readonly string[]): Record<string, string> | undefined {
  if (parts.length !== asked.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, part] of parts.entries()) {
    const segment = asked[at] ?? "";
    if (part.startsWith(":")) params[part.slice(1)] = segment;
    else if (part !== segment) return undefined;
  }
  return params;
}
