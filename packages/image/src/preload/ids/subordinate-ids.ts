/** So many ids a Debian user gets from adduser; packages in containers use ids up to `nobody`'s, 65534. */
export const NEEDED_IDS = 65_536;
/** Where adduser begins (SUB_UID_MIN of login.defs). */
const FIRST_ID = 100_000;

/** Who asks: /etc/subuid and /etc/subgid know users by name or number. */
export type IdUser = { readonly name: string; readonly uid: number };

type IdRange = { readonly owner: string; readonly first: number; readonly count: number };

/** The lines of /etc/subuid or /etc/subgid (subuid(5)); lines of other forms are dropped, as the system does. Pure. */
function parseRanges(text: string): IdRange[] {
  return text.split("\n").flatMap((line): IdRange[] => {
    const [, owner, first, count] = /^([^:#]+):(\d+):(\d+)\s*$/.exec(line) ?? [];
    return owner === undefined ? [] : [{ owner, first: Number(first), count: Number(count) }];
  });
}

/** The first of enough ids in a row that a user may use; undefined when there are none. Pure. */
export function firstSubordinateId(text: string, { name, uid }: IdUser): number | undefined {
  const owned = parseRanges(text).filter(({ owner }) => owner === name || owner === String(uid));
  return owned.find(({ count }) => count >= NEEDED_IDS)?.first;
}

/**
 * The command, to be run as root, that gives a user enough subordinate ids; undefined when there are enough. The new range
 * overlaps with nobody's. Pure.
 */
export function grantSubordinateIds(files: Readonly<Record<string, string>>, user: IdUser): string | undefined {
  const lacking = Object.keys(files).filter((file) => firstSubordinateId(files[file] ?? "", user) === undefined);
  if (lacking.length === 0) return undefined;
  // A name with special characters (of a domain, say) would have to be quoted for the shell.
  const owner = /^\w[\w.-]*$/.test(user.name) ? user.name : String(user.uid);
  const ends = Object.values(files).flatMap((text) => parseRanges(text).map(({ first, count }) => first + count));
  return `echo ${owner}:${Math.max(FIRST_ID, ...ends)}:${NEEDED_IDS} | tee -a ${lacking.join(" ")}`;
}
