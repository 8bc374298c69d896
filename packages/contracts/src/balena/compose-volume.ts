import * as z from "zod";
import { entityName } from "./names.ts";

/** One entry of `volumes`. `ignored` is a bind mount: not allowed on a device, dropped with a warning. */
export type ComposeVolume =
  | { readonly kind: "named"; readonly name: string; readonly path: string; readonly readOnly: boolean }
  | { readonly kind: "anonymous"; readonly path: string; readonly readOnly: boolean }
  | { readonly kind: "tmpfs"; readonly path: string; readonly size?: number; readonly mode?: number }
  | { readonly kind: "ignored"; readonly definition: string };

const longForm = z.object({
  type: z.enum(["volume", "tmpfs", "bind", "npipe", "cluster"]).default("volume"),
  source: z.string().optional(),
  target: z.string(),
  read_only: z.boolean().default(false),
  tmpfs: z.object({ size: z.number().optional(), mode: z.number().optional() }).optional(),
});

const isName = (text: string): boolean => entityName.safeParse(text).success;

function fromShort(text: string): ComposeVolume | undefined {
  const [first, second, options] = text.split(":");
  if (first === undefined) return undefined;
  if (second === undefined)
    return first.startsWith("/") ? { kind: "anonymous", path: first, readOnly: false } : undefined;
  if (!isName(first)) return { kind: "ignored", definition: text };
  if (!second.startsWith("/")) return undefined;
  return { kind: "named", name: first, path: second, readOnly: (options ?? "").split(",").includes("ro") };
}

function fromLong(entry: z.infer<typeof longForm>): ComposeVolume | undefined {
  if (!entry.target.startsWith("/")) return undefined;
  const { target: path, source, read_only: readOnly } = entry;
  if (entry.type === "tmpfs") {
    const { size, mode } = entry.tmpfs ?? {};
    return { kind: "tmpfs", path, ...(size === undefined ? {} : { size }), ...(mode === undefined ? {} : { mode }) };
  }
  if (entry.type !== "volume") return { kind: "ignored", definition: `${source ?? ""}:${path}` };
  if (source === undefined || source === "") return { kind: "anonymous", path, readOnly };
  if (!isName(source)) return { kind: "ignored", definition: `${source}:${path}` };
  return { kind: "named", name: source, path, readOnly };
}

/** One entry of a service's `volumes`, short or long form. */
export const composeVolume = z.union([z.string(), longForm]).transform((entry, context): ComposeVolume => {
  const volume = typeof entry === "string" ? fromShort(entry) : fromLong(entry);
  if (volume !== undefined) return volume;
  context.addIssue({ code: "custom", message: `${JSON.stringify(entry)} is not a volume such as data:/var/lib/data` });
  return z.NEVER;
});
