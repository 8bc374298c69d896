import { expect, it } from "vitest";
import { CLOUD_LOGIN } from "../../ssh/cloud-login.ts";
import { parseHostConfig } from "../host-config.ts";
import { renderCloudUsers } from "./cloud-users.ts";

function rendered(config: object) {
  const parsed = parseHostConfig(JSON.stringify(config));
  if (!parsed.ok) throw new Error(parsed.reason);
  const [file] = renderCloudUsers(parsed.config, { consoles: [], hasSerialLogin: true, hasWireless: false });
  if (file === undefined || !("path" in file)) throw new Error("no file");
  return file;
}

it("lets users of the fleet server in while the device has a server and a key for it", () => {
  const socket = "holdfast-cloud-users.socket";
  const chgrp = { action: "run", command: ["chgrp", "sshd-authcommands", CLOUD_LOGIN] };
  expect(rendered({ apiEndpoint: "https://api.example.com", deviceApiKey: "own" })).toMatchObject({
    path: CLOUD_LOGIN,
    // For root and the helper's own group.
    mode: 0o640,
    content: '{"endpoint":"https://api.example.com","key":"own"}\n',
    onChange: [chgrp, { action: "start", unit: socket }],
    atBoot: [chgrp],
  });
  for (const config of [{}, { deviceApiKey: "own" }, { apiEndpoint: "https://api.example.com" }]) {
    expect(rendered(config)).toMatchObject({ content: undefined, onChange: [{ action: "stop", unit: socket }] });
  }
});
