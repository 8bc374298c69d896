import type { Machine } from "../machine/machine.ts";

const FOLDER = "/run/holdfast/vpn-check";
const REMOTE = /^\s*(remote\s|<connection>)/m;

/** What OpenVPN complains of first, without the times that it puts before its lines. */
function complaintOf(text: string): string {
  const lines = text.split("\n").map((line) => line.replace(/^[\d-]+ [\d:]+ /, "").replace(`${FOLDER}/`, ""));
  return (
    lines.find((line) => /\berror: /i.test(line)) ?? lines.findLast((line) => line.trim() !== "") ?? "no reason given"
  );
}

function parses(machine: Machine, config: string): string | undefined {
  const path = `${FOLDER}/openvpn.conf`;
  machine.writeText(path, config, 0o600);
  // OpenVPN has no check of its own; asked for its digests, it reads the whole configuration first.
  const { status, output } = machine.run(["openvpn", "--config", path, "--show-digests"]);
  return status === 0 ? undefined : complaintOf(output);
}

function holdsCertificates(machine: Machine, pem: string): string | undefined {
  const path = `${FOLDER}/ca.crt`;
  machine.writeText(path, pem, 0o600);
  const { output } = machine.run(["openssl", "storeutl", "-noout", "-certs", path], { quiet: true });
  // Its status is 0 for a file that holds nothing, too.
  return /^Total found: [1-9]/m.test(output) ? undefined : "ca holds no certificate";
}

/**
 * What OpenVPN would not even start with; undefined when there is no such fault. Empty files are no fault: without a
 * configuration there is no tunnel. Whether the tunnel comes up, only the server's side can tell.
 */
export function checkVpnConfig(machine: Machine, files: Readonly<Record<string, string>>): string | undefined {
  const { config = "", ca = "" } = files;
  machine.makeDirectory(FOLDER, 0o700);
  try {
    if (config.trim() !== "" && !REMOTE.test(config)) return "it names no server (remote)";
    return (
      (config.trim() === "" ? undefined : parses(machine, config)) ??
      (ca.trim() === "" ? undefined : holdsCertificates(machine, ca))
    );
  } finally {
    machine.run(["rm", "-rf", FOLDER]);
  }
}
