/** Told why a value cannot be used. `part` names an entry of the value, e.g. "[2]". Values are never told: they may be secret. */
export type Complain = (reason: string, part?: string) => void;

/** Reads a value that is there (not null). Undefined after a complaint: the value as a whole cannot be used. */
export type ValueParser<T> = (value: unknown, complain: Complain) => T | undefined;

/** One key of config.json: how it is read, and what the users' reference says of it. */
export type ConfigKey<T> = {
  /** Dotted, e.g. "os.network.connectivity.uri". */
  readonly key: string;
  /** What may stand there, in a few words. */
  readonly value: string;
  readonly parse: ValueParser<T>;
  /** What counts when the key is absent or null. */
  readonly absent: T;
  /** `absent`, in words. */
  readonly default: string;
  /**
   * What counts instead of a value that cannot be used: what the key said last, so that a slip of the pen changes
   * nothing; or, where the former value could leave a door open, what counts without the key.
   */
  readonly whenInvalid: "former" | "absent";
  readonly effect: string;
  readonly when: "live" | "boot" | "first boot" | "supervisor start" | "never";
  /** The test that proves the effect: a path in the repository. */
  readonly test: string;
};

type KeyInput<T> = Omit<ConfigKey<T>, "default" | "whenInvalid"> &
  Partial<Pick<ConfigKey<T>, "default" | "whenInvalid">>;

/** Declares a key. Without a word about its default, there is none. */
export const defineKey = <T>(input: KeyInput<T>): ConfigKey<T> => ({ default: "", whenInvalid: "former", ...input });
