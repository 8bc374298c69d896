import type { Check } from "../finding.ts";
import { configChecks } from "./config-checks.ts";
import { diskChecks } from "./disk-checks.ts";
import { dnsChecks } from "./dns-checks.ts";
import { engineChecks } from "./engine-checks.ts";
import { networkChecks } from "./network-checks.ts";
import { supervisorChecks } from "./supervisor-checks.ts";
import { systemChecks } from "./system-checks.ts";
import { timeChecks } from "./time-checks.ts";
import { vpnChecks } from "./vpn-checks.ts";

/** Everything that the doctor checks, in the order in which one trouble causes the next. */
export const allChecks: readonly Check[] = [
  ...systemChecks,
  ...diskChecks,
  ...configChecks,
  ...networkChecks,
  ...dnsChecks,
  ...timeChecks,
  ...engineChecks,
  ...supervisorChecks,
  ...vpnChecks,
];
