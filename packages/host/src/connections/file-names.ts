/**
 * Whether NetworkManager passes over a file of that name in system-connections: hidden ones, backups of editors,
 * certificates, and whatever ends in a dot and six letters or digits, as temporary files do. That is how `.ignore` works.
 */
export const isIgnoredName = (name: string): boolean => /^\.|~$|\.swpx?$|\.(?:pem|der)$|\.[A-Za-z0-9]{6}$/.test(name);

/** The names that are meant to be ignored; other ignored ones are worth a word. */
export const isMeantToBeIgnored = (name: string): boolean => /\.ignore$|\.(?:pem|der)$|^\./.test(name);
