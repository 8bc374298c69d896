import { CONFIG_JSON } from "../config/config-file.ts";
import type { CommandHandler } from "../machine/simulated-machine.ts";
import { type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";

const SCHEMA = JSON.stringify({
  services: [
    {
      id: "openvpn",
      files: { config: { path: "/etc/openvpn/openvpn.conf" }, ca: { path: "/etc/openvpn/ca.crt" } },
      systemd_services: ["prepare-openvpn.service", "openvpn.service"],
    },
  ],
  keys: ["applicationId", "deviceType", "apiEndpoint", "apiKey", "deviceApiKey", "registered_at", "deviceId"],
  schema_version: "1.0.0",
});

/** What a simulated server answers: curl's output, or how curl fails. */
export type SimulatedAnswer = { readonly body: string; readonly code?: number; readonly failure?: string };

/** A simulated device for tests of os-config: config.json and a server that answers through curl. */
export function simulateManaged(
  config: unknown,
  answer: SimulatedAnswer,
  options: { readonly cutAfter?: number; readonly refusesVpn?: string } = {},
): SimulatedMachine {
  const handler: CommandHandler = ([program, command]) => {
    if (program === "openssl")
      return { output: command === "rand" ? `${"a1".repeat(16)}\n` : "0: Certificate\nTotal found: 1\n" };
    if (program === "openvpn")
      return options.refusesVpn === undefined ? { status: 0 } : { status: 1, output: `${options.refusesVpn}\n` };
    if (program !== "curl") return undefined;
    return answer.failure === undefined
      ? { output: `${answer.body}\n${answer.code ?? 200} ` }
      : { status: 28, output: `\n000 ${answer.failure}` };
  };
  const machine = simulateMachine(handler, options);
  machine.put("/etc/os-config.json", SCHEMA);
  machine.put("/mnt/boot/device-type.json", '{"slug":"generic-amd64"}');
  machine.put("/mnt/state/.there", "");
  machine.put("/etc/openvpn/.there", "");
  machine.put("/run/holdfast/boot.json", "{}");
  machine.put(CONFIG_JSON, typeof config === "string" ? config : JSON.stringify(config));
  return machine;
}
