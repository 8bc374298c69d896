import * as z from "zod";
import { apiReference, type EndpointReference } from "../reference.ts";
import { documentedAnswers } from "./documented-answers.ts";
import { requestBody } from "./request-bodies.ts";
import { v3Answers } from "./v3-answers.ts";
import { v3EventData } from "./v3-event-data.ts";

type Json = Readonly<Record<string, unknown>>;

const EVENT_STREAM = "text/event-stream";

/** What is not JSON, by endpoint. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  "GET /v3/events": EVENT_STREAM,
  "GET /v3/metrics": "text/plain",
  "POST /v2/journal-logs": "text/plain",
  "GET /v2/local/logs": "application/x-ndjson",
};
const FAILURE = { $ref: "#/components/schemas/Failure" };
const UNAUTHORIZED = { $ref: "#/components/responses/Unauthorized" };

/**
 * The device API as an OpenAPI 3.1 document, made of the reference that a test holds to the routes, and of the schemas by
 * which bodies are read. For the build; on the device it is a file.
 */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [endpoint, reference] of Object.entries(apiReference)) {
    const [method = "", path = ""] = endpoint.split(" ");
    const templated = path.replaceAll(/:(\w+)/g, "{$1}");
    paths[templated] = { ...paths[templated], [method.toLowerCase()]: operation(endpoint, reference) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Holdfast device API", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    servers: [{ url: "http://127.0.0.1:48484" }],
    security: [{ bearer: [] }, { query: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        query: { type: "apiKey", in: "query", name: "apikey" },
      },
      schemas: {
        Failure: {
          type: "object",
          properties: { status: { const: "failed" }, message: { type: "string" } },
          required: ["status", "message"],
        },
        ...Object.fromEntries(
          Object.entries(v3EventData).map(([kind, schema]) => [eventSchemaName(kind), schemaOf(schema)]),
        ),
      },
      responses: {
        Unauthorized: {
          description: "The key is missing, unknown, or one of another app",
          content: { "text/html": { schema: { type: "string" } }, "application/json": { schema: FAILURE } },
        },
      },
    },
  };
}

function operation(endpoint: string, reference: EndpointReference): Json {
  const { about, key, takes, answers } = reference;
  const body = requestBody(endpoint, takes);
  const parameters = parametersOf(endpoint, takes ?? "");
  const responses = documentedAnswers(answers).map(({ status, description }) => [
    status,
    { description, content: contentOf(endpoint, status) },
  ]);
  return {
    operationId: endpoint.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-"),
    summary: about,
    tags: [/^\w+ \/(v\d)/.exec(endpoint)?.[1] ?? "v1"],
    ...(key === "none" ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { content: bodyContent(schemaOf(body)) } }),
    responses: { ...Object.fromEntries(responses), ...(key === "none" ? {} : { 401: UNAUTHORIZED }) },
  };
}

function parametersOf(endpoint: string, takes: string): Json[] {
  const inPath = [...endpoint.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "integer", minimum: 0 },
  }));
  const inQuery = [...takes.matchAll(/`\?(\w+)=`/g)].map(([, name]) => ({
    name,
    in: "query",
    schema: { type: "string" },
  }));
  const header = takes.includes("Last-Event-ID")
    ? [{ name: "Last-Event-ID", in: "header", schema: { type: "string" } }]
    : [];
  return [...inPath, ...inQuery, ...header];
}

const bodyContent = (schema: Json): Json => ({
  "application/json": { schema },
  "application/x-www-form-urlencoded": { schema },
});

/** Good answers as far as they are described by a schema; v1 and v2 tell them in words. */
function contentOf(endpoint: string, status: string): Json {
  const isGood = status.startsWith("2");
  const type = CONTENT_TYPES[endpoint];
  if (isGood && type === EVENT_STREAM) return { [type]: eventStream };
  if (isGood && type !== undefined) return { [type]: { schema: { type: "string" } } };
  const answer = v3Answers[endpoint];
  if (isGood && answer !== undefined) return { "application/json": { schema: schemaOf(answer) } };
  if (endpoint.includes(" /v3/") && !isGood) return { "application/json": { schema: FAILURE } };
  return { "application/json": { schema: {} }, "text/html": { schema: { type: "string" } } };
}

const eventSchemaName = (kind: string): string => `event.${kind}`;

/** OpenAPI 3.1 cannot describe the parts of a stream: an extension names the schema of each event's data. */
const eventStream = {
  schema: { type: "string" },
  "x-event-data": Object.fromEntries(
    Object.keys(v3EventData).map((kind) => [kind, { $ref: `#/components/schemas/${eventSchemaName(kind)}` }]),
  ),
};

/** What may be sent, before it is transformed. */
function schemaOf(schema: z.ZodType): Json {
  const { $schema: _, ...own } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return own;
}
