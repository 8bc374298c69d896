import { boardSchema, layerSchema } from "@holdfast/contracts";
import { z } from "zod";
import { generatedNote } from "./generated-note.ts";

/** The part of JSON Schema that zod writes for layers and boards. */
type Schema = {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly required?: readonly string[];
};

/** docs/layer-fields.md: every field of `defineLayer` and `defineBoard`, from the schemas that check them. */
export function renderLayerFields(): string {
  return `${[
    "# Fields of layers and boards",
    generatedNote,
    "Indented names are fields of the value above them; `[]` means that it is a list of such values.",
    `## Layer\n\n${table(schemaOf(layerSchema))}`,
    `## Board\n\n${table(schemaOf(boardSchema))}`,
  ].join("\n\n")}\n`;
}

// zod's own type of a JSON Schema allows far more than these two use.
const schemaOf = (schema: z.ZodType): Schema => z.toJSONSchema(schema, { io: "input" }) as Schema;

const table = (schema: Schema): string =>
  ["| field | value | required | meaning |", "|---|---|---|---|", ...rows(schema, "")].join("\n");

function rows(schema: Schema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const required = schema.required?.includes(name) === true ? "yes" : "";
    const row = `| \`${prefix}${name}\` | ${cell(describeValue(field))} | ${required} | ${cell(meaning(field))} |`;
    return [row, ...rows(field.items ?? field, `${prefix}${name}${field.items === undefined ? "" : "[]"}.`)];
  });
}

function describeValue(field: Schema): string {
  if (field.const !== undefined) return `\`${JSON.stringify(field.const)}\``;
  if (field.enum !== undefined) return field.enum.map((value) => `\`${String(value)}\``).join(" or ");
  if (field.items !== undefined)
    return `list of ${field.items.properties === undefined ? describeValue(field.items) : "these"}`;
  if (field.properties !== undefined) return "these";
  if (typeof field.additionalProperties === "object") return `map to ${describeValue(field.additionalProperties)}`;
  return field.type ?? "any";
}

function meaning(field: Schema): string {
  const simple = ["string", "number", "boolean"].includes(typeof field.default) && field.default !== "";
  return [field.description, simple ? `default \`${String(field.default)}\`` : undefined].filter(Boolean).join("; ");
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
