import { expect, it } from "vitest";
import { planIdNamespace, type UserFacts } from "./id-namespace.ts";

const ready: UserFacts = {
  name: "someone",
  uid: 1000,
  gid: 1001,
  installed: () => true,
  read: (file) => (file === "/etc/subuid" ? "someone:100000:65536\n" : "someone:200000:65536\n"),
  aptListsExist: true,
};
const install = "apt-get install -y --no-install-recommends uidmap";
const grant = "echo someone:100000:65536 | tee -a /etc/subuid /etc/subgid";

it("maps the machine's ids for root, without asking for anything", () => {
  const all = [{ inside: 0, outside: 0, count: 65_536 }];
  expect(planIdNamespace({ ...ready, uid: 0, installed: () => false, read: () => undefined })).toEqual({
    ofOrdinaryUser: false,
    uids: all,
    gids: all,
  });
});

it("makes an ordinary user root of the namespace, and the same ids out of subordinate ones", () => {
  expect(planIdNamespace(ready)).toEqual({
    ofOrdinaryUser: true,
    uids: [
      { inside: 0, outside: 1000, count: 1 },
      { inside: 1, outside: 100_000, count: 65_535 },
    ],
    gids: [
      { inside: 0, outside: 1001, count: 1 },
      { inside: 1, outside: 200_000, count: 65_535 },
    ],
  });
});

it("names one command for the package, with fresh lists where there are none", () => {
  expect(planIdNamespace({ ...ready, installed: (program) => program !== "newgidmap" })).toEqual({ missing: install });
  expect(planIdNamespace({ ...ready, installed: () => false, aptListsExist: false })).toEqual({
    missing: `sh -c 'apt-get update && ${install}'`,
  });
});

it("names one command for a user without ids, whatever else is missing", () => {
  const without: UserFacts = { ...ready, read: () => undefined };
  expect(planIdNamespace(without)).toEqual({ missing: `sh -c '${grant}'` });
  expect(planIdNamespace({ ...without, installed: () => false })).toEqual({
    missing: `sh -c '${install} && ${grant}'`,
  });
});
