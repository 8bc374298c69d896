import type { RenderArea } from "../rendered-file.ts";

export const AUTHORIZED_KEYS = "/root/.ssh/authorized_keys_local";

/** sshd reads the file at each login. */
export const renderSsh: RenderArea = ({ sshKeys }) => [
  {
    path: AUTHORIZED_KEYS,
    mode: 0o600,
    content: sshKeys.length > 0 ? `${sshKeys.join("\n")}\n` : undefined,
    place: "flash",
  },
];
