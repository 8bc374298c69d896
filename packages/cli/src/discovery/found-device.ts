import type { Answer, DecodedPacket, Question } from "dns-packet";
import type { MulticastAnswer } from "./multicast-query.ts";

/** What devices announce, balena's and ours (compat 6.4): ssh, of the kind that a device has. */
const SERVICE = "_ssh._tcp.local";
const SUBTYPE = `_resin-device._sub.${SERVICE}`;

export const deviceQuestion: Question = { type: "PTR", name: SUBTYPE };
export const addressQuestion = (name: string): Question => ({ type: "A", name });

/** A device that answered: its name, and where it is. */
export type FoundDevice = { readonly name: string; readonly address: string };

/** The devices that an answer tells of. Pure. */
export function devicesIn({ packet, from }: MulticastAnswer): FoundDevice[] {
  const records = recordsOf(packet);
  return records.flatMap((record) => {
    if (record.type !== "PTR" || record.name.toLowerCase() !== SUBTYPE) return [];
    const target = records.find((one) => one.type === "SRV" && isSame(one.name, record.data));
    const host = target?.type === "SRV" ? target.data.target : undefined;
    // Without an address of its own, the device is where the answer came from.
    const address = (host === undefined ? undefined : addressIn(records, host)) ?? from;
    // Whoever is on the network chooses it, and it goes to a terminal.
    const name = record.data.slice(0, -`.${SERVICE}`.length).replaceAll(/\p{Cc}/gu, "?");
    return [{ name, address }];
  });
}

/** The address that an answer gives a name; undefined when it does not. Pure. */
export function addressOf({ packet }: MulticastAnswer, name: string): string | undefined {
  return addressIn(recordsOf(packet), name);
}

const recordsOf = ({ answers = [], additionals = [] }: DecodedPacket): Answer[] => [...answers, ...additionals];

function addressIn(records: readonly Answer[], name: string): string | undefined {
  const found = records.find((record) => record.type === "A" && isSame(record.name, name));
  return found?.type === "A" ? found.data : undefined;
}

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
