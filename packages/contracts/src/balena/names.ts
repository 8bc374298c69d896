import * as z from "zod";

/** Longest name of anything in a target state (compat 5.2). */
const MAX_NAME = 255;

/**
 * A name that becomes part of an engine object's name and of a path on the device: it starts with a letter or digit,
 * so `..`, `/` and hidden files cannot be made of it.
 */
export const entityName = z
  .string()
  .max(MAX_NAME)
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, "must start with a letter or digit and contain only letters, digits, _ . -");

/** Free text shown to people. */
export const displayName = z.string().max(MAX_NAME);

/** A numeric id; servers and clients send it as number or as decimal text. */
export const numericId = z.union([
  z.int().nonnegative(),
  z
    .string()
    .regex(/^\d{1,15}$/, "must be a number")
    .transform(Number),
]);

const environmentName = z
  .string()
  .max(MAX_NAME)
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, "is not a valid name of an environment variable");

const labelName = z
  .string()
  .max(MAX_NAME)
  .regex(/^[a-zA-Z][a-zA-Z0-9._/-]*$/, "is not a valid name of a label");

/** A scalar as text; null is the empty text, as in compose. */
export const scalarText = z
  .union([z.string(), z.number(), z.boolean(), z.null()])
  .transform((value) => (value === null ? "" : String(value)));

/** `{A: 1}` or `["A=1"]` -> `{A: "1"}`. */
function stringMap(name: z.ZodType<string>) {
  const list = z
    .array(z.string())
    .transform((items) =>
      Object.fromEntries(
        items.map((item) => {
          const at = item.indexOf("=");
          return at < 0 ? [item, ""] : [item.slice(0, at), item.slice(at + 1)];
        }),
      ),
    )
    .pipe(z.record(name, z.string()));
  return z.union([z.record(name, scalarText), list]);
}

/** Environment variables: map or list, names checked. */
export const environmentMap = stringMap(environmentName);
/** Labels: map or list, names checked. */
export const labelMap = stringMap(labelName);
/** Any other map that compose also takes as a list (sysctls, driver options). */
export const optionMap = stringMap(z.string().max(MAX_NAME));
