import { refuse } from "@holdfast/contracts";

/** Where Debian packages come from. URIs without a trailing slash. */
export type Mirror = {
  readonly debian: string;
  readonly security: string;
  /** Do not ask for a signature: only for a mirror that the operator named as such. */
  readonly trusted: boolean;
  /** Proxies by scheme, as apt on this machine uses them. */
  readonly proxies: Readonly<Record<string, string>>;
};

/** The two archives a lock's paths are relative to. */
export type Archive = "debian" | "debian-security";

export const defaultMirror: Mirror = {
  debian: "http://deb.debian.org/debian",
  security: "http://deb.debian.org/debian-security",
  trusted: false,
  proxies: {},
};

/** The URI that the paths of an archive are relative to. */
export function archiveUri(mirror: Mirror, archive: Archive): string {
  return archive === "debian" ? mirror.debian : mirror.security;
}

/**
 * The mirror that a machine's own apt uses, from the texts of its sources (one-line and deb822 style). The first URI that
 * ends in /debian and the first that ends in /debian-security count; Debian's public names stand in for what is missing.
 * Pure.
 */
export function mirrorFromSources(texts: readonly string[]): Mirror {
  const uris = texts.flatMap(sourceUris).map((uri) => uri.replace(/\/+$/, ""));
  const debian = uris.find((uri) => uri.endsWith("/debian"));
  const security = uris.find((uri) => uri.endsWith("/debian-security"));
  return {
    ...defaultMirror,
    debian: debian ?? defaultMirror.debian,
    // A mirror of the main archive nearly always carries the other beside it, but not surely: Debian's own does.
    security: security ?? defaultMirror.security,
  };
}

/** URIs of enabled binary sources that a mirror can be read from over the network or from a directory. */
function sourceUris(text: string): string[] {
  return /^Types:/m.test(text) ? deb822Uris(text) : oneLineUris(text);
}

function oneLineUris(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s/.exec(line);
    return match?.[1] !== undefined && isSupported(match[1]) ? [match[1]] : [];
  });
}

function deb822Uris(text: string): string[] {
  const uncommented = text.replace(/^#.*\n?/gm, "");
  return uncommented.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string): string =>
      new RegExp(`^${name}:((?:.*\\n?)(?:[ \\t].*\\n?)*)`, "im").exec(stanza)?.[1] ?? "";
    if (!/\bdeb\b(?!-)/.test(field("Types")) || /\bno\b/.test(field("Enabled"))) return [];
    return field("URIs").split(/\s+/).filter(isSupported);
  });
}

const isSupported = (uri: string): boolean => /^(https?|file):/.test(uri);

/**
 * Reads the HOLDFAST_MIRROR setting: `[trusted=yes] URI-of-debian [URI-of-debian-security]`. Without the second, it is
 * taken to lie beside the first. Pure.
 * @throws `image.invalid-mirror`
 */
export function mirrorFromSetting(setting: string): Mirror {
  const words = setting.trim().split(/\s+/);
  const trusted = words[0] === "[trusted=yes]";
  const [debian, security, ...rest] = (trusted ? words.slice(1) : words).map((uri) => uri.replace(/\/+$/, ""));
  if (
    debian === undefined ||
    !isSupported(debian) ||
    rest.length > 0 ||
    (security !== undefined && !isSupported(security))
  ) {
    refuse("image.invalid-mirror", {
      message: `HOLDFAST_MIRROR is "${setting}", which names no mirror.`,
      hint: "Write the URI of a Debian archive, such as http://mirror.example/debian, and after a space that of its debian-security.",
    });
  }
  return { debian, security: security ?? `${debian}-security`, trusted, proxies: {} };
}

/** Proxies from `apt-config dump`'s text: scheme -> URI. Pure. */
export function proxiesFromAptConfig(dump: string): Record<string, string> {
  const proxies: Record<string, string> = {};
  for (const match of dump.matchAll(/^Acquire::(https?)::Proxy "([^"]+)";$/gim)) {
    const [, scheme, uri] = match;
    if (scheme !== undefined && uri !== undefined && uri !== "DIRECT") proxies[scheme.toLowerCase()] = uri;
  }
  return proxies;
}
