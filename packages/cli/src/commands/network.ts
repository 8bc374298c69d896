import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, refuse, worldError } from "@holdfast/contracts";
import * as z from "zod";
import type { Arguments, Context } from "../command/command.ts";
import { askDevice } from "../device/ask-device.ts";
import { chosenDevice } from "../device/chosen-device.ts";
import type { Device } from "../device/resolve-device.ts";

const statusSchema = z.object({
  ok: z.literal(true),
  status: z.enum(["none", "trying", "confirmed", "reverted"]),
  id: z.string().optional(),
  connections: z.array(z.string()).optional(),
  secondsLeft: z.number().optional(),
  reason: z.string().optional(),
});
const answerSchema = z.union([statusSchema, z.object({ ok: z.literal(false), code: z.string(), message: z.string() })]);
type Status = z.infer<typeof statusSchema>;

/** ssh through a link that has just changed. */
const ASK_MS = 20_000;
/** Ending a change waits until the device has brought its connections up. */
const END_MS = 150_000;
const RETRY_MS = 2000;
/** After the window, the device needs time to come back. */
const GRACE_MS = 60_000;

/** `holdfast network DEVICE apply FILE…`: returns when the change is confirmed; a device that cannot be reached goes back by itself. */
export async function run(args: Arguments, context: Context): Promise<undefined> {
  const device = await chosenDevice(args.required("DEVICE"), context);
  const identity = args.text("identity");
  const ask = async (target: Device, request: unknown, timeoutMs: number): Promise<Status | undefined> => {
    const input = JSON.stringify(request);
    const options = { input, timeoutMs, ...(identity === undefined ? {} : { identity }) };
    const { output } = await askDevice(target, "holdfast-network request", context, options);
    return readAnswer(output);
  };
  const verb = args.required("VERB");
  if (verb === "apply") {
    const moved = args.text("address");
    const changed: Device = moved === undefined ? device : { kind: "remote", address: moved };
    const seconds = parseWindow(args.text("confirm-within") ?? "2m");
    const connections = await readConnections(args.rest);
    const begun = await ask(device, { verb, connections, confirmWithin: seconds }, ASK_MS);
    if (begun === undefined) return unreachable("Nothing was changed, or the device goes back by itself.");
    show(await confirmOver(changed, begun, (request, ms) => ask(changed, request, ms)), context);
  } else if (verb === "confirm" || verb === "revert" || verb === "status") {
    const status = await ask(device, { verb }, verb === "status" ? ASK_MS : END_MS);
    show(status ?? unreachable("Is it on, and is the address right?"), context);
  } else
    refuse("cli.usage", {
      message: `There is no \`network ${verb}\`.`,
      hint: "One of apply, confirm, revert and status.",
    });
}

/** Being able to ask is the proof that the change works: whoever can, confirms. */
async function confirmOver(
  device: Device,
  { id, secondsLeft = 0 }: Status,
  ask: (request: unknown, timeoutMs: number) => Promise<Status | undefined>,
): Promise<Status> {
  const end = Date.now() + secondsLeft * 1000 + GRACE_MS;
  // The connection that is up still is the former one.
  await sleep(RETRY_MS);
  while (Date.now() < end) {
    const before = await ask({ verb: "status" }, ASK_MS);
    if (before?.status === "reverted") return cameBack(`: ${before.reason ?? "it was undone"}`);
    if (before !== undefined && before.status !== "trying") return before;
    const after = before === undefined ? undefined : await ask({ verb: "confirm", id }, END_MS);
    if (after !== undefined && after.status !== "trying") return after;
    await sleep(RETRY_MS);
  }
  const where = device.kind === "remote" ? device.address : device.name;
  return cameBack(`: it was not reached at ${where} in time`);
}

function cameBack(why: string): never {
  throw worldError("cli.network-reverted", {
    message: `The device has gone back to its former connections${why}.`,
    hint: "If the change gives it another address, name it with --address.",
  });
}

function readAnswer(output: string): Status | undefined {
  const line = output.trim().split("\n").at(-1) ?? "";
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = answerSchema.safeParse(value);
  if (!parsed.success) return undefined;
  if (parsed.data.ok) return parsed.data;
  const { code, message } = parsed.data;
  return refuse("cli.network-refused", { message: `The device refuses: ${message}.`, hint: `Its code is ${code}.` });
}

function unreachable(hint: string): never {
  throw worldError("cli.network-refused", { message: "The device did not answer over ssh.", hint });
}

/** `90`, `90s` or `2m`, in seconds. */
function parseWindow(given: string): number {
  const match = /^(\d{1,4})(s|m)?$/.exec(given);
  if (match === null)
    return refuse("cli.usage", { message: `--confirm-within ${given} is no time.`, hint: "For example 90s or 2m." });
  return Number(match[1]) * (match[2] === "m" ? 60 : 1);
}

async function readConnections(files: readonly string[]): Promise<Record<string, string>> {
  if (files.length === 0)
    refuse("cli.usage", { message: "There is no connection to apply.", hint: "holdfast network IP apply FILE…" });
  const read = async (file: string): Promise<[string, string]> => [
    path.basename(file),
    await readFile(file, "utf8").catch((thrown: unknown) =>
      refuse("cli.invalid-input-file", {
        message: `${file} cannot be read: ${messageOf(thrown)}.`,
        hint: "Check the path; it is relative to the current directory.",
      }),
    ),
  ];
  return Object.fromEntries(await Promise.all(files.map(read)));
}

function show(answer: Status, context: Context): void {
  const { ok: _, ...status } = answer;
  if (context.json) {
    context.printJson(status);
    return;
  }
  const parts = [
    status.status,
    ...(status.connections === undefined ? [] : [status.connections.join(", ")]),
    ...(status.secondsLeft === undefined ? [] : [`${status.secondsLeft} s left`]),
    ...(status.reason === undefined ? [] : [status.reason]),
  ];
  context.print(parts.join(" · "));
}
