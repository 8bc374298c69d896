import { type BuildOrder, buildMessage, type Step, worldError } from "@holdfast/contracts";
import { type DeviceApi, hintOf, isErrorCode } from "../device/device-api.ts";

/** Lines of a failed build that are shown. */
const SHOWN_LINES = 20;

export type BuiltImage = { readonly image: string; readonly built: boolean };

/**
 * Has a service's image built on the device; each line of the builder is the step's note.
 * @throws `cli.build-failed` with the failing step and the last lines, and other codes of the device
 */
export async function buildOnDevice(api: DeviceApi, order: BuildOrder, step: Step): Promise<BuiltImage> {
  const lines: string[] = [];
  let at = "";
  for await (const value of api.lines("/v3/local/builds", order)) {
    const parsed = buildMessage.safeParse(value);
    if (!parsed.success) continue;
    const message = parsed.data;
    if ("image" in message) return message;
    if ("error" in message) throw failure(order.service, message.error, at, lines);
    if (/^Step \d+\/\d+/.test(message.line)) at = message.line;
    lines.push(message.line);
    if (lines.length > SHOWN_LINES) lines.shift();
    step.update(0, 0, message.line);
  }
  throw worldError("cli.unreachable-device", {
    message: `The device ended the build of service "${order.service}" without a result.`,
    hint: "Push again; what was sent is kept.",
  });
}

function failure(
  service: string,
  { code, message }: { readonly code: string; readonly message: string },
  at: string,
  lines: readonly string[],
): Error {
  const where = at === "" ? "" : ` at ${at}`;
  const reason = message.replace(/\.$/, "");
  if (isErrorCode(code) && code !== "supervisor.build-failed") {
    return worldError(code, { message: `The image of service "${service}": ${reason}.`, hint: hintOf(code) });
  }
  const printed =
    lines.length === 0 ? "" : `\nThe builder's last lines:\n${lines.map((line) => `  ${line}`).join("\n")}`;
  return worldError("cli.build-failed", {
    message: `The image of service "${service}" could not be built${where}: ${reason}.${printed}`,
    hint: "Correct its Dockerfile or its files and push again; what ran on the device before still runs.",
  });
}
