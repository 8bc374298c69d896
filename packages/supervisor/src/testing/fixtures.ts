import { parseWire, wireApps } from "@holdfast/contracts";
import type { StepEffects } from "../apply/run-step.ts";
import { type Desired, desiredFrom } from "../spec/desired.ts";
import type { DeviceFacts } from "../spec/device-facts.ts";
import { targetFromWire } from "../target/from-wire.ts";

/** A device as tests see it. */
export const testFacts: DeviceFacts = {
  uuid: "0123456789abcdef0123456789abcdef",
  name: "brave-lamp",
  hostname: "0123456",
  deviceType: "generic-amd64",
  arch: "amd64",
  osVersion: "Holdfast 1.0",
  boardRevision: "rev-c",
  apiEndpoint: "https://api.example.test",
  deviceApiKey: "device-key",
  listenPort: 48_484,
  engineSocket: "/var/run/balena-engine.sock",
  runtimeDir: "/tmp/balena-supervisor",
  hasKernelModules: true,
  hasFirmware: false,
  bootId: "boot-1",
  provided: { "sw.supervisor": "1.2.3", "hw.device-type": "generic-amd64", "arch.sw": "amd64" },
};

export const noEffects: StepEffects = {
  apiKeyFor: async () => "0123",
  prepareService: async () => {},
  recordImage: async () => {},
};

/** Apps in the wire form, to what the planner takes. */
export function desiredOf(apps: unknown): Desired {
  return desiredFrom(targetFromWire(parseWire(wireApps, apps, "test")), testFacts);
}

export type TestService = {
  readonly image?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly running?: boolean;
  readonly contract?: Readonly<Record<string, unknown>>;
  readonly composition?: Readonly<Record<string, unknown>>;
};

export type TestApp = {
  readonly id?: number;
  readonly commit?: string;
  readonly services: Readonly<Record<string, TestService>>;
  readonly volumes?: Readonly<Record<string, object>>;
  readonly networks?: Readonly<Record<string, object>>;
};

/** One app in the wire form, with numbers filled in. */
export function wireOf(app: TestApp): Record<string, unknown> {
  const id = app.id ?? 1;
  const services = Object.fromEntries(
    Object.entries(app.services).map(([name, service], at) => [
      name,
      { id: 100 + at, image_id: 200 + at, image: "img:1", ...service },
    ]),
  );
  const release = { id: 10, services, volumes: app.volumes ?? {}, networks: app.networks ?? {} };
  return { [`uuid${id}`]: { id, name: `app${id}`, releases: { [app.commit ?? "one"]: release } } };
}
