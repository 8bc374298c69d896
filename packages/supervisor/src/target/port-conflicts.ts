import type { TargetApp } from "./target.ts";

type Claim = { readonly who: string; readonly address: string };

/**
 * Services that publish the same port of the device, in words: only the first that starts gets it, the engine refuses
 * the others, which are tried again. No reason to refuse a target: it may have worked so for years. Pure.
 */
export function portConflicts(apps: readonly TargetApp[]): string[] {
  const claims = new Map<string, Claim[]>();
  const conflicts = new Set<string>();
  for (const app of apps) {
    for (const service of app.services) {
      const mode = service.compose.network_mode;
      if (!service.running || mode === "host" || mode === "none" || mode?.startsWith("service:") === true) continue;
      for (const { host, protocol, address = "" } of service.compose.ports ?? []) {
        const port = `${host}/${protocol}`;
        const earlier = claims.get(port) ?? [];
        const rival = earlier.find((claim) => isSameAddress(claim.address, address));
        const who = `${app.name}: ${service.name}`;
        if (rival !== undefined && rival.who !== who)
          conflicts.add(`${who} publishes port ${port}, and so does ${rival.who}: only one of them can start`);
        claims.set(port, [...earlier, { who, address }]);
      }
    }
  }
  return [...conflicts];
}

/** Without an address, or with the one that means all of them, a port is published on every address. */
function isSameAddress(a: string, b: string): boolean {
  const isAny = (address: string) => address === "" || address === "0.0.0.0" || address === "::";
  return isAny(a) || isAny(b) || a === b;
}
