import type { Connections } from "@holdfast/contracts/host";
import { whatNetworkManagerRefuses } from "../connections/ask-network-manager.ts";
import { connectionsFolder } from "../connections/boot-folder.ts";
import { checkConnection, describeFinding, isUsable } from "../connections/check-connection.ts";
import { isIgnoredName } from "../connections/file-names.ts";
import { encodeUtf8 } from "../connections/utf8.ts";
import { fingerprint } from "../engine/fnv64.ts";
import type { Machine } from "../machine/machine.ts";
import { activeLinks, readFiles } from "./connection-files.ts";
import type { Trial } from "./trial.ts";
import { bootId, loadTrial, saveTrial, uptime } from "./trial-store.ts";

export const DEFAULT_WINDOW = 120;
/** Shorter, and bringing a connection up would use up the window; longer, and nobody waits for it. */
const WINDOW = { least: 30, most: 3600 };
const MOST_FILES = 32;

/** A change is refused, and nothing was changed. */
export class Refusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Uuids of the other files of the folder, lower case -> file name. */
function otherUuids(machine: Machine, names: readonly string[]): ReadonlyMap<string, string> {
  const others = (machine.list(connectionsFolder.to) ?? []).filter(
    (name) => !names.includes(name) && !isIgnoredName(name),
  );
  return new Map(
    others.flatMap((name): [string, string][] => {
      const { uuid } = checkConnection(encodeUtf8(machine.readText(`${connectionsFolder.to}/${name}`) ?? ""));
      return uuid === undefined ? [] : [[uuid, name]];
    }),
  );
}

function check(machine: Machine, changes: Connections): void {
  const refuse = (name: string, reason: string): never => {
    throw new Refusal("host.invalid-connection", `${name}: ${reason}`);
  };
  const names = Object.keys(changes);
  if (names.length === 0 || names.length > MOST_FILES)
    throw new Refusal("host.invalid-connection", `one to ${MOST_FILES} connections can be changed at once`);
  const uuids = new Map(otherUuids(machine, names));
  for (const [name, text] of Object.entries(changes)) {
    if (!/^[\w][\w .@()+-]{0,127}$/.test(name) || isIgnoredName(name))
      refuse(JSON.stringify(name), "NetworkManager reads no file of that name");
    if (text === null) continue;
    const checked = checkConnection(encodeUtf8(text));
    const fault = checked.findings.find(({ severity }) => severity === "error");
    if (!isUsable(checked)) refuse(name, fault === undefined ? "it cannot work" : describeFinding(fault));
    const refusal = whatNetworkManagerRefuses(machine, text);
    if (refusal !== undefined) refuse(name, refusal);
    const twin = checked.uuid === undefined ? undefined : uuids.get(checked.uuid);
    if (twin !== undefined) refuse(name, `it has the uuid of ${twin}: to change that one, give it that name`);
    if (checked.uuid !== undefined) uuids.set(checked.uuid, name);
  }
}

/**
 * Starts to try a change. From its return on, the change ends confirmed or reverted, whatever happens; the unit that
 * carries it out is started here, and belongs to nobody's session.
 * @throws Refusal when it cannot be tried; then nothing was changed
 */
export function beginTrial(machine: Machine, changes: Connections, windowSeconds: number): Trial {
  if (loadTrial(machine)?.status === "trying")
    throw new Refusal("host.network-change-pending", "another change of the network waits to be confirmed");
  if (!Number.isFinite(windowSeconds) || windowSeconds < WINDOW.least || windowSeconds > WINDOW.most)
    throw new Refusal("host.invalid-connection", `the window is ${WINDOW.least} to ${WINDOW.most} seconds`);
  check(machine, changes);
  const now = uptime(machine);
  const boot = bootId(machine);
  const trial: Trial = {
    version: 1,
    id: fingerprint(`${boot} ${now}`).slice(0, 8),
    status: "trying",
    boot,
    until: now + windowSeconds,
    changes,
    former: readFiles(machine, Object.keys(changes)),
    active: activeLinks(machine),
  };
  saveTrial(machine, trial);
  machine.run(["systemctl", "--no-block", "restart", "holdfast-network-trial.service"]);
  return trial;
}
