import { connect } from "node:net";
import type { Vm } from "../record.ts";

/** Ctrl-] leaves the console, as in telnet. */
const LEAVE = 0x1d;

export type Terminal = {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly output: NodeJS.WritableStream;
};

/**
 * Joins a terminal with the device's serial console until Ctrl-] is typed, the input ends or the device goes.
 * What is shown is in the console's log as well.
 */
export async function attachConsole(vm: Pick<Vm, "consoleSocket">, terminal: Terminal): Promise<void> {
  const { input, output } = terminal;
  const socket = connect(vm.consoleSocket);
  const onInput = (chunk: Buffer | string) => {
    const bytes = Buffer.from(chunk);
    const leave = bytes.indexOf(LEAVE);
    socket.write(leave < 0 ? bytes : bytes.subarray(0, leave));
    if (leave >= 0) socket.end();
  };
  const onEnd = () => socket.end();
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", () => {
      if (input.isTTY === true) input.setRawMode?.(true);
      input.on("data", onInput);
      input.once("end", onEnd);
    });
    socket.on("data", (chunk: Buffer) => output.write(chunk));
    socket.once("error", reject);
    socket.once("end", () => socket.end());
    socket.once("close", () => resolve());
  }).finally(() => {
    input.off("data", onInput);
    input.off("end", onEnd);
    if (input.isTTY === true) input.setRawMode?.(false);
    input.pause();
  });
}
