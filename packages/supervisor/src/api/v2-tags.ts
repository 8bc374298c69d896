import { HoldfastError, messageOf } from "@holdfast/contracts";
import * as z from "zod";
import { failure, json } from "./answer.ts";
import type { Route } from "./router.ts";

/** What the endpoints of tags need; undefined on a device that no server knows. */
export type DeviceTags = {
  readonly list: () => Promise<readonly { readonly id: number; readonly name: string; readonly value: string }[]>;
  /** Returns when the tags are kept; they reach the server later. */
  readonly set: (tags: Readonly<Record<string, string>>) => Promise<void>;
};

/** As long as the server takes. */
const MAX_KEY = 255;
const MAX_VALUE = 4096;

/** Body of `PATCH /v2/device/tags`. */
export const tagsBody = z.record(
  z.string().min(1).max(MAX_KEY).regex(/^\S+$/, "must not contain blanks"),
  z.string("must be text").max(MAX_VALUE),
);

/** GET and PATCH /v2/device/tags (compat 3.2). */
export function v2TagRoutes(tags: () => DeviceTags | undefined): Route[] {
  return [
    {
      method: "GET",
      path: "/v2/device/tags",
      answer: async () => {
        const known = tags();
        if (known === undefined) return failure(500, "The device is not registered with a fleet server");
        try {
          return json({ status: "success", tags: await known.list() });
        } catch (error) {
          return failure(500, messageOf(error));
        }
      },
    },
    {
      method: "PATCH",
      path: "/v2/device/tags",
      answer: async ({ body }) => {
        const parsed = tagsBody.safeParse(await body());
        if (!parsed.success) {
          const [issue] = parsed.error.issues;
          return failure(
            400,
            `Invalid tags: ${issue?.path.map(String).join(".") ?? ""} ${issue?.message ?? ""}`.trim(),
          );
        }
        const known = tags();
        if (known === undefined) return failure(500, "The device is not registered with a fleet server");
        try {
          await known.set(parsed.data);
        } catch (error) {
          if (error instanceof HoldfastError && error.family === "refusal") return failure(400, error.message);
          throw error;
        }
        return { status: 202, json: { status: "success" } };
      },
    },
  ];
}
