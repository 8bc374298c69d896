import { readFile } from "node:fs/promises";
import { json } from "../answer.ts";
import type { Route } from "../router.ts";

/** `GET /v3/openapi.json`. The document lies beside the bundle: hardly anybody asks for it, and it is not held in memory. */
export function openApiRoute(file: string): Route {
  return {
    method: "GET",
    path: "/v3/openapi.json",
    answer: async () => json(JSON.parse(await readFile(file, "utf8"))),
  };
}
