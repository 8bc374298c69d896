import { fingerprint } from "../../engine/fnv64.ts";
import type { Machine } from "../../machine/machine.ts";
import type { HostConfig } from "../keys/config-keys.ts";
import type { RenderArea } from "../rendered-file.ts";
import { ROOT_CERTIFICATES } from "./root-certificates.ts";

/** What start-supervisor makes the container from. */
export const SUPERVISOR_SETTINGS = "/run/holdfast/supervisor.json";

const DEFAULT_PORT = 48_484;

/** What config.json gives to the supervisor's container. */
export type SupervisorSettings = {
  readonly port: number;
  /** Environment of the container. */
  readonly environment: Readonly<Record<string, string>>;
  /** Changes with the private roots of trust, which the supervisor reads once. */
  readonly roots?: string;
};

export function supervisorSettings({
  listenPort,
  mixpanelToken,
  deltaEndpoint,
  rootCertificates,
}: Partial<HostConfig>): SupervisorSettings {
  return {
    port: listenPort ?? DEFAULT_PORT,
    environment: {
      ...(mixpanelToken === undefined ? {} : { MIXPANEL_TOKEN: mixpanelToken }),
      ...(deltaEndpoint === undefined ? {} : { DELTA_ENDPOINT: deltaEndpoint }),
      // The container has the host's root at /mnt/root.
      ...(rootCertificates === undefined ? {} : { NODE_EXTRA_CA_CERTS: `/mnt/root${ROOT_CERTIFICATES}` }),
    },
    ...(rootCertificates === undefined ? {} : { roots: fingerprint(rootCertificates.join("")) }),
  };
}

/** What was rendered from config.json at this boot. */
export function readSupervisorSettings(machine: Machine): SupervisorSettings {
  const text = machine.readText(SUPERVISOR_SETTINGS);
  if (text !== undefined) return JSON.parse(text) as SupervisorSettings;
  machine.log(`${SUPERVISOR_SETTINGS} is missing: going on with defaults`);
  return supervisorSettings({});
}

export const renderSupervisor: RenderArea = (config) => [
  {
    path: SUPERVISOR_SETTINGS,
    mode: 0o600,
    content: `${JSON.stringify(supervisorSettings(config))}\n`,
    place: "memory",
    onChange: [
      // At once: the wish of a supervisor that listens elsewhere comes later.
      { action: "restart", unit: "holdfast-firewall.service" },
      { action: "try-restart", unit: "balena-supervisor.service" },
    ],
  },
];
