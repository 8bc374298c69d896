import { createSocket, type Socket } from "node:dgram";
import { networkInterfaces } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, worldError } from "@holdfast/contracts";
import { type DecodedPacket, decode, encode, type Question } from "dns-packet";

const GROUP = "224.0.0.251";
const PORT = 5353;
/** A question may be lost on Wi-Fi: it is asked again, ever less often (RFC 6762, 5.2). */
const FIRST_PAUSE_MS = 500;

export type MulticastAnswer = { readonly packet: DecodedPacket; readonly from: string };
export type MulticastOptions = {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Own addresses of the networks that are asked; without them, all of this machine's IPv4 networks. */
  readonly addresses?: readonly string[];
  readonly port?: number;
};

/**
 * Asks every network of this machine and tells of each answer, until the time is over or `onAnswer` returns true. The
 * question comes from a port of its own (RFC 6762, 6.7): answers come to that port alone, so that a responder of this
 * machine, which holds 5353, is not in the way.
 * @throws `cli.no-network` when no network could be asked
 */
export async function multicastQuery(
  questions: readonly Question[],
  onAnswer: (answer: MulticastAnswer) => boolean,
  { timeoutMs, signal, addresses = ownAddresses(), port = PORT }: MulticastOptions,
): Promise<void> {
  await using open = new AsyncDisposableStack();
  const enough = new AbortController();
  const sockets: Socket[] = [];
  const failures: string[] = [];
  for (const address of addresses) {
    const socket = open.adopt(createSocket("udp4"), (one) => void one.close());
    socket.on("error", () => undefined);
    socket.on("message", (bytes, { address: from }) => {
      const packet = decodeOrNothing(bytes);
      if (packet?.type === "response" && onAnswer({ packet, from })) enough.abort();
    });
    await bind(socket, address).then(
      () => void sockets.push(socket),
      (error: unknown) => void failures.push(`${address}: ${messageOf(error)}`),
    );
  }
  if (sockets.length === 0) throw noNetwork(failures);
  const question = encode({ type: "query", id: 1, questions: [...questions] });
  const end = AbortSignal.any([signal, enough.signal, AbortSignal.timeout(timeoutMs)]);
  for (let pause = FIRST_PAUSE_MS; !end.aborted; pause *= 2) {
    // A network that just went away does not keep the others from being asked.
    for (const socket of sockets) socket.send(question, port, GROUP, () => undefined);
    await sleep(pause, undefined, { signal: end }).catch(() => undefined);
  }
  signal.throwIfAborted();
}

async function bind(socket: Socket, address: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ address, port: 0 }, resolve);
  });
  socket.setMulticastInterface(address);
  socket.setMulticastTTL(255);
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address);
}

/** What is no DNS packet is somebody else's. */
function decodeOrNothing(bytes: Buffer): DecodedPacket | undefined {
  try {
    return decode(bytes);
  } catch {
    return undefined;
  }
}

function noNetwork(failures: readonly string[]): Error {
  const why = failures.length === 0 ? "it has no IPv4 address" : failures.join(", ");
  return worldError("cli.no-network", {
    message: `No network of this machine can be asked for devices: ${why}.`,
    hint: "Connect this machine to the devices' network, or name a device by its address.",
  });
}
