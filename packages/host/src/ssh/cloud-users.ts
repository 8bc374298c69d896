import { readJsonObject } from "@holdfast/contracts/host";
import { isObject } from "../config/keys/value-parsers.ts";
import type { Machine } from "../machine/machine.ts";
import { isCloudUser, readCloudLogin } from "./cloud-login.ts";

/** The name of the socket in /run/systemd/userdb, by which systemd's name look-ups know this service. */
const SERVICE = "io.holdfast.CloudUsers";
const INTERFACE = "io.systemd.UserDatabase";
/** The part of sshd that serves one connection, and asks who logs in. */
const ASKER = "sshd-session";

/** Whoever else asked for a name that there is not would be told that it is root: a unit with a wrong `User=`, say. */
function isSshd(machine: Machine, peer: string): boolean {
  const [, pid, uid] = /^\d+-(\d+)-(\d+)$/.exec(peer) ?? [];
  return uid === "0" && (machine.readText(`/proc/${pid}/comm`) ?? "").trim() === ASKER;
}

/**
 * Answers one request of systemd's look-up of users (Varlink, https://systemd.io/USER_GROUP_API): to sshd, every name that
 * a user of the fleet server can have is root by another name; everybody else hears of no such user. Whether the user
 * may log in is decided by the keys alone. `peer` is the instance name that systemd gives a connection: number, process
 * and user of the other side.
 */
export function answerUserQuery(machine: Machine, request: string, peer: string): string {
  const { method, parameters } = readJsonObject(request);
  const { userName, service } = isObject(parameters) ? parameters : {};
  const isAsked = method === `${INTERFACE}.GetUserRecord` && service === SERVICE && typeof userName === "string";
  const isKnown =
    isAsked && isSshd(machine, peer) && readCloudLogin(machine) !== undefined && isCloudUser(machine, userName);
  if (!isKnown) return JSON.stringify({ error: `${INTERFACE}.NoRecordFound`, parameters: {} });
  const record = {
    ...{ userName, service: SERVICE, realName: "User of the fleet server" },
    ...{ uid: 0, gid: 0, homeDirectory: "/root", shell: "/bin/bash" },
  };
  return JSON.stringify({ parameters: { record, incomplete: false } });
}
