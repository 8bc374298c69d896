import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { messageOf, refuse } from "@holdfast/contracts";
import { reproducibleEnv } from "../../process/run.ts";
import { allowUserNamespaces } from "../../tools/user-namespaces.ts";
import type { IdMapping, IdNamespace } from "./id-mapping.ts";
import { runWithIds } from "./spawn-with-ids.ts";
import { firstSubordinateId, grantSubordinateIds, type IdUser, NEEDED_IDS } from "./subordinate-ids.ts";

const SUBUID = "/etc/subuid";
const SUBGID = "/etc/subgid";

/** What decides which ids a process's user can have. */
export type UserFacts = IdUser & {
  readonly gid: number;
  readonly installed: (program: string) => boolean;
  /** A file's text; undefined when there is none. */
  readonly read: (file: string) => string | undefined;
  readonly aptListsExist: boolean;
};

/** The namespace of a user, or the command, without sudo, that gives an ordinary one what is missing. Pure. */
export function planIdNamespace(facts: UserFacts): IdNamespace | { readonly missing: string } {
  if (facts.uid === 0) {
    const all = [{ inside: 0, outside: 0, count: NEEDED_IDS }];
    return { ofOrdinaryUser: false, uids: all, gids: all };
  }
  const [subuid, subgid] = [facts.read(SUBUID) ?? "", facts.read(SUBGID) ?? ""];
  const [firstUid, firstGid] = [subuid, subgid].map((text) => firstSubordinateId(text, facts));
  const installed = facts.installed("newuidmap") && facts.installed("newgidmap");
  if (installed && firstUid !== undefined && firstGid !== undefined) {
    const map = (own: number, first: number): IdMapping[] => [
      { inside: 0, outside: own, count: 1 },
      { inside: 1, outside: first, count: NEEDED_IDS - 1 },
    ];
    return { ofOrdinaryUser: true, uids: map(facts.uid, firstUid), gids: map(facts.gid, firstGid) };
  }
  const install = "apt-get install -y --no-install-recommends uidmap";
  const packages = installed ? [] : facts.aptListsExist ? [install] : ["apt-get update", install];
  const grant = grantSubordinateIds({ [SUBUID]: subuid, [SUBGID]: subgid }, facts);
  if (grant === undefined && packages.length === 1) return { missing: install };
  return { missing: `sh -c '${[...packages, ...(grant === undefined ? [] : [grant])].join(" && ")}'` };
}

/**
 * The ids for a private engine of this process's user, tried once.
 * @throws `image.missing-program` with the one command that gives an ordinary user what is missing;
 * `image.engine-failed` when the kernel refuses
 */
export async function openIdNamespace(): Promise<IdNamespace> {
  const facts = userFacts();
  const plan = planIdNamespace(facts);
  if ("missing" in plan) {
    return refuse("image.missing-program", {
      message: `Building Dockerfiles without root needs newuidmap (Debian package uidmap) and subordinate ids for ${facts.name}.`,
      hint: `Run once: sudo ${plan.missing}`,
    });
  }
  try {
    await runWithIds(plan, ["true"]);
    return plan;
  } catch (cause) {
    const allow = allowUserNamespaces((file) => facts.read(`/proc/sys/${file}`));
    const sudo = facts.uid === 0 ? "" : "sudo ";
    return refuse("image.engine-failed", {
      message: `The kernel does not let ${facts.name} make a user namespace: ${messageOf(cause)}.`,
      hint:
        allow === undefined
          ? "Inside a container, run that container privileged; on another machine, run the same command with sudo."
          : `Run once: ${sudo}${allow}`,
      cause,
    });
  }
}

function userFacts(): UserFacts {
  const uid = process.getuid?.() ?? 0;
  return {
    uid,
    gid: process.getgid?.() ?? 0,
    name: nameOf(uid),
    installed: (program) =>
      (reproducibleEnv["PATH"] ?? "").split(":").some((place) => isProgram(`${place}/${program}`)),
    read: (file) => {
      try {
        return readFileSync(file, "utf8");
      } catch {
        return undefined;
      }
    },
    aptListsExist: listed("/var/lib/apt/lists").some((name) => name.includes("Packages")),
  };
}

/** An account need not be listed anywhere: containers start programs with any number. */
function nameOf(uid: number): string {
  try {
    return userInfo().username;
  } catch {
    return String(uid);
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
