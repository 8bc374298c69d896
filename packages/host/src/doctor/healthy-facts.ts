import type { Fact } from "./facts/fact.ts";
import type { Facts } from "./facts/facts.ts";

const fact = <Value>(value: Value): Fact<Value> => ({ ok: true, value });
const MIB = 1024 * 1024;
const NOW = 1_795_400_000;

/** For tests: the values of a managed device on which nothing is wrong. */
export type Values = { readonly [Name in keyof Facts]: Facts[Name] extends Fact<infer Value> ? Value : never };

export const healthyValues: Values = {
  units: {
    "NetworkManager.service": "active",
    "dnsmasq.service": "active",
    "chrony.service": "active",
    "balena.service": "active",
    "balena-supervisor.service": "active",
    "openvpn.service": "active",
  },
  failedUnits: [],
  links: [
    { name: "eth0", hasCarrier: true, addresses: ["192.168.1.7", "2001:db8::7"] },
    { name: "wlan0", hasCarrier: false, addresses: [] },
  ],
  routes: [{ link: "eth0", gateway: "192.168.1.1" }],
  gateways: [{ address: "192.168.1.1", link: "eth0", answers: true }],
  web: { host: "api.example.com", answer: { kind: "expected", date: NOW - 3 } },
  resolver: true,
  nameServers: [
    { address: "192.168.1.1", says: "answers" },
    { address: "8.8.8.8", says: "answers" },
  ],
  lookup: { name: "api.example.com", isFound: true },
  clock: { now: NOW, release: NOW - 86_400 },
  chrony: {
    isSynchronised: true,
    source: "192.0.2.1",
    offset: 0.002,
    sources: [{ name: "192.0.2.1", state: "selected" }],
  },
  mounts: [
    { place: "boot", is: "writable" },
    { place: "state", is: "writable" },
    { place: "data", is: "writable" },
  ],
  room: [
    { place: "boot", freeBytes: 200 * MIB, totalBytes: 256 * MIB, freeFiles: undefined, totalFiles: undefined },
    { place: "state", freeBytes: 100 * MIB, totalBytes: 116 * MIB, freeFiles: 32_000, totalFiles: 32_768 },
    { place: "data", freeBytes: 3000 * MIB, totalBytes: 6000 * MIB, freeFiles: 300_000, totalFiles: 400_000 },
  ],
  diskReads: [
    { place: "boot", is: "read" },
    { place: "data", is: "read" },
  ],
  filesystemErrors: [
    { place: "state", count: 0 },
    { place: "data", count: 0 },
  ],
  ioErrors: { count: 0, disks: [] },
  wear: { usedTenths: 2, reserve: "normal" },
  config: { is: "valid", refused: [] },
  engine: {
    version: "26.1.5",
    containers: [
      { name: "balena_supervisor", state: "running", isUnhealthy: false },
      { name: "web_1_1", state: "running", isUnhealthy: false },
    ],
  },
  supervisor: { answers: true, isHealthy: true, appState: "applied" },
  isManaged: true,
  tunnel: { isConfigured: true, isDisabled: false, isUp: true, reason: undefined },
  memory: { totalBytes: 1000 * MIB, availableBytes: 600 * MIB, kills: 0, killed: [] },
  heat: { zones: [{ name: "cpu", degrees: 51, critical: 105 }], slowed: [], isPowerLow: false },
};

/** Facts of the healthy device, with some values changed. */
export function factsWith(changed: Partial<Values> = {}): Facts {
  const values = { ...healthyValues, ...changed };
  const wrapped = Object.entries(values).map(([name, value]) => [name, fact(value)]);
  // Each name keeps its value.
  return Object.fromEntries(wrapped) as Facts;
}
