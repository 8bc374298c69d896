import { writeDurably } from "../machine/durable.ts";
import type { Machine } from "../machine/machine.ts";

/**
 * The identities that this device took on its first boot. All images are alike, so a card and a soldered flash with the
 * same image would share every UUID. Recorded before any is written: a cut in between is finished by the next boot.
 */
export type DiskIdentity = {
  readonly diskGuid: string;
  /** Partition number -> GUID. */
  readonly partitionGuids: Readonly<Record<number, string>>;
  readonly stateUuid: string;
  readonly dataUuid: string;
  /** The first eight digits are the FAT serial number. */
  readonly bootSerial: string;
};

const STORED = "/mnt/state/disk-identity.json";
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Parses the stored identity; undefined unless every part of it is there. */
function parseIdentity(text: string): DiskIdentity | undefined {
  try {
    const value = JSON.parse(text) as Partial<DiskIdentity>;
    const guids = Object.values(value.partitionGuids ?? {});
    const all = [value.diskGuid, value.stateUuid, value.dataUuid, value.bootSerial, ...guids];
    const complete = guids.length === 5 && all.every((guid) => typeof guid === "string" && GUID.test(guid));
    return complete ? (value as DiskIdentity) : undefined;
  } catch {
    return undefined;
  }
}

const randomGuid = (machine: Machine): string => {
  const guid = (machine.readText("/proc/sys/kernel/random/uuid") ?? "").trim();
  if (!GUID.test(guid)) throw new Error("/proc/sys/kernel/random/uuid gives no UUID");
  return guid;
};

/** The stored identity, or a new one that is flushed before this returns. */
export function diskIdentity(machine: Machine, partitionNumbers: readonly number[]): DiskIdentity {
  const stored = parseIdentity(machine.readText(STORED) ?? "");
  if (stored !== undefined) return stored;
  const fresh: DiskIdentity = {
    diskGuid: randomGuid(machine),
    partitionGuids: Object.fromEntries(partitionNumbers.map((number) => [number, randomGuid(machine)])),
    stateUuid: randomGuid(machine),
    dataUuid: randomGuid(machine),
    bootSerial: randomGuid(machine),
  };
  writeDurably(machine, STORED, `${JSON.stringify(fresh)}\n`);
  return fresh;
}
