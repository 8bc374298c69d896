/** Kernel settings by which distributions and administrators forbid user namespaces: the value that forbids, the one that allows. */
const settings = [
  { name: "kernel.unprivileged_userns_clone", forbids: "0", allows: "1" },
  { name: "user.max_user_namespaces", forbids: "0", allows: "65536" },
  // Ubuntu's: namespaces can be made, but give no rights.
  { name: "kernel.apparmor_restrict_unprivileged_userns", forbids: "1", allows: "0" },
] as const;

/**
 * The command, to be run as root, that allows ordinary users to make user namespaces; undefined when no setting forbids
 * it. `read` gives a setting's file below /proc/sys, undefined when the kernel has no such setting. Pure.
 */
export function allowUserNamespaces(read: (file: string) => string | undefined): string | undefined {
  const wrong = settings.filter(({ name, forbids }) => read(name.replaceAll(".", "/"))?.trim() === forbids);
  if (wrong.length === 0) return undefined;
  return `sysctl -w ${wrong.map(({ name, allows }) => `${name}=${allows}`).join(" ")}`;
}
