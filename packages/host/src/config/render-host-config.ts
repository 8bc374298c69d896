import type { HostConfig } from "./host-config.ts";

/** A file that the host derives from config.json, and what has to happen when its content changes on a running device. */
export type RenderedFile = {
  readonly path: string;
  readonly mode: number;
  /** Undefined: the file must not exist. */
  readonly content: string | undefined;
  /** Lies on flash: written durably. */
  readonly durable: boolean;
  /** Units to start, stop or restart when the file changes; those that do not run are not restarted. */
  readonly onChange: readonly UnitAction[];
};

export type UnitAction = { readonly action: "start" | "stop" | "try-restart"; readonly unit: string };

export type HostFacts = {
  /** Consoles of the kernel, e.g. ["tty0", "ttyS0"]. */
  readonly consoles: readonly string[];
};

export type RenderedHost = { readonly hostname: string; readonly files: readonly RenderedFile[] };

/** Exists in development mode only. sshd and the gettys hang on it. */
export const DEVELOPMENT_FLAG = "/run/holdfast/development";
export const HOSTNAME_FILE = "/mnt/state/root-overlay/etc/hostname";
export const AUTHORIZED_KEYS = "/root/.ssh/authorized_keys_local";

/** The device contract: the hostname, or the first seven characters of the uuid; a device without either has a fixed name. */
const hostnameOf = (config: HostConfig): string => config.hostname ?? config.uuid?.slice(0, 7) ?? "holdfast";

/** The device contract: without keys, development is open; given keys are the only way in. */
function developmentFlag(config: HostConfig): string {
  const keysOnly = config.sshKeys.length > 0 ? " -o PasswordAuthentication=no -o PermitEmptyPasswords=no" : "";
  return `SSHD_OPTS=-f /etc/ssh/sshd_config_development${keysOnly}\n`;
}

/** The gettys that development mode runs: the first screen, and each serial console. */
export function gettyUnits(consoles: readonly string[]): readonly string[] {
  const serial = consoles.filter((name) => !/^tty\d+$/.test(name)).map((name) => `serial-getty@${name}.service`);
  return ["getty@tty1.service", ...serial];
}

/** config.json in, every derived file out. Pure. */
export function renderHostConfig(config: HostConfig, facts: HostFacts): RenderedHost {
  const hostname = hostnameOf(config);
  const gettys = gettyUnits(facts.consoles);
  const files: readonly RenderedFile[] = [
    {
      path: HOSTNAME_FILE,
      mode: 0o644,
      content: `${hostname}\n`,
      durable: true,
      onChange: ["avahi-daemon.service", "dnsmasq.service"].map((unit) => ({ action: "try-restart", unit })),
    },
    {
      path: DEVELOPMENT_FLAG,
      mode: 0o600,
      content: config.developmentMode ? developmentFlag(config) : undefined,
      durable: false,
      onChange: gettys.map((unit) => ({ action: config.developmentMode ? "start" : "stop", unit })),
    },
    {
      path: AUTHORIZED_KEYS,
      mode: 0o600,
      content: config.sshKeys.length > 0 ? `${config.sshKeys.join("\n")}\n` : undefined,
      durable: true,
      onChange: [],
    },
  ];
  return { hostname, files };
}
