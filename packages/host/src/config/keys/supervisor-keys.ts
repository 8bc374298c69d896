import { defineKey } from "./config-key.ts";
import { anyText, httpAddress, wholeNumber } from "./value-parsers.ts";

const DEVICE_TEST = "e2e/device-config-network.e2e.test.ts";
const PARSER_TEST = "packages/host/src/config/host-config.test.ts";
const DAY_MILLISECONDS = 86_400_000;

/** What the supervisor reads. Those with `live` are given to its container, which is made anew when they change. */
export const supervisorKeys = {
  listenPort: defineKey({
    key: "listenPort",
    value: "port, or its text",
    parse: wholeNumber(1, 65_535),
    absent: undefined,
    default: "`48484`",
    effect: "port of the device API",
    when: "live",
    test: DEVICE_TEST,
  }),
  mixpanelToken: defineKey({
    key: "mixpanelToken",
    value: "text in one line",
    parse: anyText,
    absent: undefined,
    effect: "given to the supervisor as `MIXPANEL_TOKEN`; it sends nothing anywhere for it",
    when: "live",
    test: DEVICE_TEST,
  }),
  deltaEndpoint: defineKey({
    key: "deltaEndpoint",
    value: "http or https address",
    parse: httpAddress,
    absent: undefined,
    effect: "given to the supervisor as `DELTA_ENDPOINT`",
    when: "live",
    test: DEVICE_TEST,
  }),
  apiTimeout: defineKey({
    key: "apiTimeout",
    value: "milliseconds",
    parse: wholeNumber(1, DAY_MILLISECONDS),
    absent: undefined,
    default: "`900000`",
    effect: "how long the supervisor waits for the server",
    when: "supervisor start",
    test: PARSER_TEST,
  }),
  appUpdatePollInterval: defineKey({
    key: "appUpdatePollInterval",
    value: "milliseconds",
    parse: wholeNumber(1, 30 * DAY_MILLISECONDS),
    absent: undefined,
    default: "`900000`",
    effect: "how often the supervisor asks for its target state",
    when: "supervisor start",
    test: PARSER_TEST,
  }),
  bootstrapRetryDelay: defineKey({
    key: "bootstrapRetryDelay",
    value: "milliseconds",
    parse: wholeNumber(1, DAY_MILLISECONDS),
    absent: undefined,
    default: "`30000`",
    effect: "pause between two attempts to register",
    when: "supervisor start",
    test: PARSER_TEST,
  }),
  initialDeviceName: defineKey({
    key: "initialDeviceName",
    value: "text in one line",
    parse: anyText,
    absent: undefined,
    effect: "name that the device registers with",
    when: "supervisor start",
    test: PARSER_TEST,
  }),
  logsEndpoint: defineKey({
    key: "logsEndpoint",
    value: "http or https address",
    parse: httpAddress,
    absent: undefined,
    default: "`apiEndpoint`",
    effect: "where logs of apps are sent",
    when: "supervisor start",
    test: PARSER_TEST,
  }),
};
