/** `count` ids from `inside` on are those from `outside` on of the machine. */
export type IdMapping = { readonly inside: number; readonly outside: number; readonly count: number };

/**
 * Whose ids the private engine and its containers have. It works in a user namespace whoever calls, so that it does the
 * same for all: root's has the machine's ids; in an ordinary user's, the user is root and the others are subordinate ids.
 */
export type IdNamespace = {
  /** Root writes the mappings itself, an ordinary user has newuidmap and newgidmap do it. */
  readonly ofOrdinaryUser: boolean;
  readonly uids: readonly IdMapping[];
  readonly gids: readonly IdMapping[];
};
