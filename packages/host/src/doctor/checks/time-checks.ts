import { formatTimestamp } from "../../clock/timestamp.ts";
import { known } from "../facts/fact.ts";
import type { Facts } from "../facts/facts.ts";
import { stopOf } from "../facts/unit-facts.ts";
import { type Check, defineCheck, listed } from "../finding.ts";

/** The answer of the web took its way, and was asked for some seconds before the clock was read. */
const WEB_TOLERANCE_SECONDS = 60;
/** chronyd steps the clock from there on. */
const MOST_OFFSET_SECONDS = 1;

/** Seconds between the clock and the date of the web's answer; undefined without one. */
function webOffset({ web, clock }: Facts): number | undefined {
  const answer = web.ok ? web.value?.answer : undefined;
  const date = answer?.kind === "expected" ? answer.date : undefined;
  return date === undefined ? undefined : Math.abs(known(clock).now - date);
}

const clock = defineCheck({
  name: "time.clock",
  means: "the clock is not before the day when this release was made",
  troubles: {
    "time.before-release": {
      level: "failure",
      means: "the clock is before the release: no certificate is valid",
      todo: "systemctl restart fake-hwclock timesync-https, then journalctl -u fake-hwclock",
    },
  },
  judge: ({ clock: fact }) => {
    const { now, release } = known(fact);
    const says = `${formatTimestamp(now)} UTC`;
    return now >= release
      ? { ok: says }
      : { code: "time.before-release", what: `${says}, and this release is of ${formatTimestamp(release)}` };
  },
});

const sync = defineCheck({
  name: "time.sync",
  means: "the clock follows a time server",
  troubles: {
    "time.no-daemon": {
      level: "failure",
      means: "chronyd does not answer",
      todo: "systemctl restart chrony, then journalctl -u chrony",
    },
    "time.not-synchronised": {
      level: "failure",
      means: "no time server answers, and nothing else says that the clock is right",
      todo: "Let UDP port 123 out, or name a server of this network: ntpServers in config.json; chronyc sources",
    },
    "time.by-web": {
      level: "warning",
      means: "no time server answers; the clock agrees with the connectivity address to a minute",
      todo: "Let UDP port 123 out, or name a server of this network: ntpServers in config.json; chronyc sources",
    },
    "time.offset": {
      level: "warning",
      means: "the clock follows a time server and is more than a second away from it",
      todo: "It should pass within minutes; if not: chronyc makestep, journalctl -u chrony",
    },
  },
  judge: (facts) => {
    const chrony = known(facts.chrony);
    if (chrony === undefined)
      return { code: "time.no-daemon", what: stopOf(facts.units, "chrony.service") ?? "chronyd does not answer" };
    if (!chrony.isSynchronised) {
      const asked = listed(
        chrony.sources.map(({ name }) => name),
        3,
      );
      const what = asked === "" ? "chronyd has found no time server" : `chronyd follows nobody; asked ${asked}`;
      const away = webOffset(facts);
      const isRight = away !== undefined && away <= WEB_TOLERANCE_SECONDS;
      return { code: isRight ? "time.by-web" : "time.not-synchronised", what };
    }
    const says = `${chrony.offset.toFixed(3)} s from ${chrony.source}`;
    return chrony.offset > MOST_OFFSET_SECONDS ? { code: "time.offset", what: says } : { ok: says };
  },
});

export const timeChecks: readonly Check[] = [clock, sync];
