import { worldError } from "@holdfast/contracts";
import type { Report } from "@holdfast/host";
import * as z from "zod";

const levelSchema = z.enum(["ok", "warning", "failure"]);
const reportSchema: z.ZodType<Report> = z.object({
  version: z.literal(1),
  level: levelSchema,
  findings: z.array(
    // Codes and checks of another release than ours are fine.
    z.object({ check: z.string(), level: levelSchema, code: z.string(), what: z.string(), todo: z.string() }),
  ),
});

/** How a shell says that there is no such command. */
const NO_COMMAND = 127;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * What `holdfast doctor --json` said on a device.
 * @throws `cli.no-diagnosis` when it said nothing of the kind: ssh failed, or the device's release has no doctor
 */
export function readDoctorReport({ status, output }: { readonly status: number; readonly output: string }): Report {
  const parsed = reportSchema.safeParse(parse(output.trim().split("\n").at(-1) ?? ""));
  if (parsed.success) return parsed.data;
  throw status === NO_COMMAND
    ? worldError("cli.no-diagnosis", {
        message: "The device has no command `holdfast doctor`.",
        hint: "Its release is older than this command.",
      })
    : worldError("cli.no-diagnosis", {
        message: "The device did not answer over ssh.",
        hint: "Is it on, is the address right, and may your key log in (--identity)? Its own console has `holdfast doctor`, too.",
      });
}
