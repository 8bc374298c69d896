import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { ApiClient } from "../../testing/api-client.ts";
import { idleParts } from "../../testing/idle-parts.ts";
import { scratchDirectory } from "../../testing/scratch.ts";
import { deviceRoutes } from "../routes.ts";
import { documentedAnswers } from "./documented-answers.ts";
import { openApiDocument } from "./open-api-document.ts";
import { openApiRoute } from "./open-api-route.ts";

const document = openApiDocument("1.2.3");
const operation = z.looseObject({ operationId: z.string(), responses: z.record(z.string(), z.unknown()) });
const shape = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), operation)) });
const operations = Object.entries(shape.parse(document).paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, own]) => ({ name: `${method.toUpperCase()} ${path}`, ...own })),
);

describe("the OpenAPI document", () => {
  it("is valid OpenAPI 3.1", async () => {
    const validator = new Validator();
    const result = await validator.validate(JSON.parse(JSON.stringify(document)));
    expect(result).toEqual({ valid: true });
    expect(validator.version).toBe("3.1");
    const broken = { ...document, paths: { "/ping": { get: { responses: "none" } } } };
    expect((await new Validator().validate(broken)).valid).toBe(false);
  });

  it("has the registered routes, and no other", () => {
    const registered = deviceRoutes(idleParts()).map(
      ({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`,
    );
    expect(operations.map(({ name }) => name).sort()).toEqual(registered.sort());
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  });

  it("tells for every route but the open ones that it may answer 401", () => {
    const open = operations.filter(({ responses }) => responses["401"] === undefined).map(({ name }) => name);
    expect(open.sort()).toEqual(["GET /ping", "GET /v1/healthy"]);
  });

  it("has the schemas by which bodies are read", () => {
    const network = operations.find(({ name }) => name === "POST /v3/network");
    expect(network).toHaveProperty("requestBody.content.application/json.schema.required", ["connections"]);
    expect(network).toHaveProperty("responses.202.content.application/json.schema.properties.secondsLeft");
  });

  it("has a schema for the data of each event in the users' reference", async () => {
    const text = await readFile(new URL("../../../../../docs/device-api.md", import.meta.url), "utf8");
    const table = text.slice(text.indexOf("| event | when | data |"), text.indexOf("A client that was cut off"));
    const told = table.split("\n").flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([a-z-]+)`/g)]);
    const events = operations.find(({ name }) => name === "GET /v3/events");
    const stream = z.looseObject({ "x-event-data": z.record(z.string(), z.object({ $ref: z.string() })) });
    const content = z.looseObject({ content: z.record(z.string(), stream) });
    const data = content.parse(events?.responses["200"]).content["text/event-stream"]?.["x-event-data"] ?? {};
    expect(Object.keys(data).sort()).toEqual(told.map(([, name]) => name).sort());
    for (const { $ref } of Object.values(data)) {
      expect(document).toHaveProperty(
        $ref.slice(2).split("/").map(String),
        expect.objectContaining({ type: "object" }),
      );
    }
  });

  it("is answered from its file", async () => {
    await using scratch = await scratchDirectory();
    const file = join(scratch.path, "openapi.json");
    await writeFile(file, JSON.stringify(document));
    await using client = await ApiClient.serve([openApiRoute(file)]);
    expect(await client.get("/v3/openapi.json")).toEqual([200, JSON.parse(JSON.stringify(document))]);
  });

  it("refuses a reference whose answers have no status", () => {
    expect(documentedAnswers("200, a stream; 404; 423 while locked")).toEqual([
      { status: "200", description: "a stream" },
      { status: "404", description: "Status 404" },
      { status: "423", description: "while locked" },
    ]);
    expect(() => documentedAnswers("200; or so")).toThrow(/or so/);
  });
});
