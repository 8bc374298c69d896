import { expect, it } from "vitest";
import { allowUserNamespaces } from "./user-namespaces.ts";

const reader = (settings: Readonly<Record<string, string>>) => (file: string) => settings[file];

it("says nothing where no setting forbids user namespaces", () => {
  expect(allowUserNamespaces(reader({}))).toBeUndefined();
  expect(
    allowUserNamespaces(reader({ "kernel/unprivileged_userns_clone": "1\n", "user/max_user_namespaces": "96365\n" })),
  ).toBeUndefined();
});

it("names the settings that forbid them, and no others, in one command", () => {
  expect(allowUserNamespaces(reader({ "kernel/unprivileged_userns_clone": "0\n" }))).toBe(
    "sysctl -w kernel.unprivileged_userns_clone=1",
  );
  const ubuntu = { "user/max_user_namespaces": "0\n", "kernel/apparmor_restrict_unprivileged_userns": "1\n" };
  expect(allowUserNamespaces(reader(ubuntu))).toBe(
    "sysctl -w user.max_user_namespaces=65536 kernel.apparmor_restrict_unprivileged_userns=0",
  );
});
