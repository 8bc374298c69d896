import { compileGlobs } from "../../compose/path-globs.ts";

/** What package installation leaves behind that says when and where it ran, or can be made again. */
const isVolatile = compileGlobs([
  "var/log/apt/*",
  "var/log/dpkg.log",
  "var/log/alternatives.log",
  "var/log/bootstrap.log",
  "var/log/fontconfig.log",
  "var/cache/ldconfig/aux-cache",
  "var/cache/apt/*.bin",
  "var/cache/apt/archives/*.deb",
  "var/cache/debconf/*-old",
  "var/lib/dpkg/*-old",
  "var/lib/dpkg/lock*",
  "var/lib/dpkg/triggers/Lock",
  "var/lib/apt/lists/*_*",
  "var/lib/apt/lists/lock",
  "var/lib/apt/lists/auxfiles",
]);

/** Whether a path (without leading slash) is left out of a preloaded layer. Whiteouts of such paths stay. */
export const isVolatilePath = (path: string): boolean => isVolatile(path);

const SECONDS_PER_DAY = 86_400;

/** A shadow file whose accounts were all last changed at `epoch` at the latest: the third field is a day number. Pure. */
export function clampShadow(text: string, epoch: number): string {
  const latest = Math.floor(epoch / SECONDS_PER_DAY);
  return text.replaceAll(/^([^:\n]*:[^:\n]*):(\d+):/gm, (_line, head: string, day: string) => {
    return `${head}:${Math.min(Number(day), latest)}:`;
  });
}
