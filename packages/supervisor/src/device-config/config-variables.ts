/** Fleets set a variable under either prefix or none; the new prefix wins (compat 1.4). */
const PREFIXES = ["BALENA_", "RESIN_", ""] as const;

/** Longest wait that is taken for meant: a day. */
const MAX_MS = 86_400_000;

const TRUE = new Set(["1", "true", "on"]);
const FALSE = new Set(["0", "false", "off", ""]);

/** The name without its prefix. */
export const plainName = (name: string): string => name.replace(/^(?:BALENA|RESIN)_/, "");

/** Reads typed values out of a device configuration, and notes what it cannot use. */
export class ConfigVariables {
  readonly problems: string[] = [];
  readonly #config: Readonly<Record<string, string>>;

  constructor(config: Readonly<Record<string, string>>) {
    this.#config = config;
  }

  /** The text of the first of the names that is set. */
  text(...names: readonly string[]): string | undefined {
    for (const prefix of PREFIXES) {
      for (const name of names) {
        if (Object.hasOwn(this.#config, prefix + name)) return this.#config[prefix + name];
      }
    }
    return undefined;
  }

  flag(fallback: boolean, ...names: readonly string[]): boolean {
    const text = this.text(...names)
      ?.trim()
      .toLowerCase();
    if (text === undefined) return fallback;
    if (TRUE.has(text)) return true;
    return FALSE.has(text) ? false : this.#refuse(names, fallback);
  }

  /** A whole number of milliseconds (or of tries) between the limits. */
  number(fallback: number, name: string, { least = 0, most = MAX_MS } = {}): number {
    const text = this.text(name)?.trim();
    if (text === undefined) return fallback;
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most ? value : this.#refuse([name], fallback);
  }

  oneOf<T extends string>(values: readonly T[], fallback: T, name: string): T {
    const text = this.text(name)?.trim();
    if (text === undefined || text === "") return fallback;
    return values.find((value) => value === text) ?? this.#refuse([name], fallback);
  }

  #refuse<T>([name = ""]: readonly string[], fallback: T): T {
    this.problems.push(`Ignoring invalid device configuration value for ${name}`);
    return fallback;
  }
}
