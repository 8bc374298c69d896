import { SERVER_MARK } from "../../config/areas/server.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Answers, Probe } from "../probe/probe.ts";
import { runProbes } from "../probe/run-probes.ts";
import { configProbes, readConfigFile } from "./config-facts.ts";
import {
  diskProbes,
  readDiskReads,
  readFilesystemErrors,
  readMounts,
  readRoom,
  readWear,
  roomProbes,
} from "./disk-facts.ts";
import { dnsProbes, nameToFind, readLookup, readNameServers, readResolver } from "./dns-facts.ts";
import { engineProbes, readEngine } from "./engine-facts.ts";
import { learnt } from "./fact.ts";
import type { Facts } from "./facts.ts";
import { readHeat } from "./heat-facts.ts";
import { kernelProbes, readIoErrors, readMemory } from "./kernel-facts.ts";
import { networkProbes, readGateways, readLinks, readRoutes, readWeb, readWebHost } from "./network-facts.ts";
import { readSupervisor, supervisorProbes } from "./supervisor-facts.ts";
import { readChrony, readClock, timeProbes } from "./time-facts.ts";
import { readFailedUnits, readUnitStates, unitProbes } from "./unit-facts.ts";
import { readTunnel, vpnProbes } from "./vpn-facts.ts";

/** What the device followed last of config.json, from memory: a disk that hangs must not hold the doctor. */
const endpointOf = (machine: Machine): string => (machine.readText(SERVER_MARK) ?? "").trim();

/**
 * Learns all facts, within a quarter of a minute whatever hangs: programs run side by side, each for at most ten
 * seconds, and a fact that nobody could learn says why.
 * @throws when the doctor cannot work at all, as when it is not run by root
 */
export function collectFacts(machine: Machine): Facts {
  const name = nameToFind(endpointOf(machine), readWebHost(machine));
  const plan: readonly ((machine: Machine) => readonly Probe[])[] = [
    () => [
      ...unitProbes,
      ...timeProbes,
      ...kernelProbes,
      ...engineProbes,
      ...vpnProbes,
      ...configProbes,
      ...roomProbes,
    ],
    networkProbes,
    (of) => dnsProbes(of, name),
    diskProbes,
    supervisorProbes,
  ];
  const planned = plan.flatMap((probes) => {
    const fact = learnt(() => probes(machine));
    return fact.ok ? fact.value : [];
  });
  const answers = runProbes(machine, planned);
  const from = <Value>(read: (answers: Answers, machine: Machine) => Value) => learnt(() => read(answers, machine));
  return {
    units: from(readUnitStates),
    failedUnits: from(readFailedUnits),
    links: from(readLinks),
    routes: from(readRoutes),
    gateways: from(readGateways),
    web: from(readWeb),
    resolver: from(readResolver),
    nameServers: from(readNameServers),
    lookup: from(() => readLookup(answers, name)),
    clock: from(readClock),
    chrony: from(readChrony),
    mounts: from(readMounts),
    room: from(readRoom),
    diskReads: from(readDiskReads),
    filesystemErrors: from(readFilesystemErrors),
    ioErrors: from(readIoErrors),
    wear: from(readWear),
    config: from(readConfigFile),
    engine: from(readEngine),
    supervisor: from(readSupervisor),
    isManaged: from(() => endpointOf(machine) !== ""),
    tunnel: from(readTunnel),
    memory: from(readMemory),
    heat: from(readHeat),
  };
}
