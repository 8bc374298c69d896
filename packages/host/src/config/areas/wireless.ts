import type { Action, RenderArea } from "../rendered-file.ts";

/** For a wireless core that is loaded later, when an adapter is found. */
export const COUNTRY_FILE = "/run/modprobe.d/holdfast-country.conf";

/** Rules of radio that the country has. A key that is removed counts from the next boot: the kernel keeps the strictest. */
export const renderWireless: RenderArea = ({ country }, { hasWireless }) => {
  const set: readonly Action[] =
    country !== undefined && hasWireless ? [{ action: "run", command: ["iw", "reg", "set", country] }] : [];
  return [
    {
      path: COUNTRY_FILE,
      mode: 0o644,
      content: country === undefined ? undefined : `options cfg80211 ieee80211_regdom=${country}\n`,
      place: "memory",
      onChange: set,
      atBoot: set,
    },
  ];
};
