import type { Action, HostFacts, RenderArea } from "../rendered-file.ts";

/** Exists in development mode only. sshd and the gettys hang on it. */
export const DEVELOPMENT_FLAG = "/run/holdfast/development";

/** The gettys that development mode runs: the first screen, and each serial console that is meant for it. */
function gettyUnits({ consoles, hasSerialLogin }: HostFacts): readonly string[] {
  if (!hasSerialLogin) return ["getty@tty1.service"];
  const serial = consoles.filter((name) => !/^tty\d+$/.test(name)).map((name) => `serial-getty@${name}.service`);
  return ["getty@tty1.service", ...serial];
}

/** The device contract: without keys, development is open; given keys are the only way in. */
export const renderDevelopment: RenderArea = ({ developmentMode, sshKeys }, facts) => {
  const keysOnly = sshKeys.length > 0 ? " -o PasswordAuthentication=no -o PermitEmptyPasswords=no" : "";
  const gettys = gettyUnits(facts).map((unit): Action => ({ action: developmentMode ? "start" : "stop", unit }));
  return [
    {
      path: DEVELOPMENT_FLAG,
      mode: 0o600,
      content: developmentMode ? `SSHD_OPTS=-f /etc/ssh/sshd_config_development${keysOnly}\n` : undefined,
      place: "memory",
      onChange: gettys,
      atBoot: developmentMode ? gettys : [],
    },
  ];
};
