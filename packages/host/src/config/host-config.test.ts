import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseHostConfig } from "./host-config.ts";
import { AUTHORIZED_KEYS, DEVELOPMENT_FLAG, HOSTNAME_FILE, renderHostConfig } from "./render-host-config.ts";

const uuid = "0123456789abcdef0123456789abcdef";
const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@laptop";

function render(config: unknown) {
  const parsed = parseHostConfig(JSON.stringify(config));
  if (!parsed.ok) throw new Error(parsed.reason);
  const rendered = renderHostConfig(parsed.config, { consoles: ["tty0", "ttyS0"] });
  const contentOf = (path: string) => rendered.files.find((file) => file.path === path)?.content;
  return { ...rendered, problems: parsed.problems, contentOf };
}

describe("renderHostConfig", () => {
  it("renders a production device", () => {
    const host = render({ uuid, os: { sshKeys: [key] } });
    expect(host.hostname).toBe("0123456");
    expect(host.contentOf(HOSTNAME_FILE)).toBe("0123456\n");
    expect(host.contentOf(DEVELOPMENT_FLAG)).toBeUndefined();
    expect(host.contentOf(AUTHORIZED_KEYS)).toBe(`${key}\n`);
  });

  it("opens ssh in development mode, but not beside keys", () => {
    expect(render({ uuid, developmentMode: true }).contentOf(DEVELOPMENT_FLAG)).toBe(
      "SSHD_OPTS=-f /etc/ssh/sshd_config_development\n",
    );
    expect(render({ uuid, developmentMode: "true", os: { sshKeys: [key] } }).contentOf(DEVELOPMENT_FLAG)).toContain(
      "-o PasswordAuthentication=no",
    );
  });

  it("starts and stops the consoles with development mode", () => {
    const actions = (developmentMode: boolean) =>
      render({ uuid, developmentMode }).files.find((file) => file.path === DEVELOPMENT_FLAG)?.onChange;
    expect(actions(true)).toEqual([
      { action: "start", unit: "getty@tty1.service" },
      { action: "start", unit: "serial-getty@ttyS0.service" },
    ]);
    expect(actions(false)?.map(({ action }) => action)).toEqual(["stop", "stop"]);
  });

  it("never lets a value become a second line of a file", () => {
    const anything = fc.record(
      {
        hostname: fc.anything(),
        uuid: fc.anything(),
        developmentMode: fc.anything(),
        os: fc.record({ sshKeys: fc.anything() }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anything, (config) => {
        let text: string;
        try {
          text = JSON.stringify(config);
        } catch {
          return;
        }
        const parsed = parseHostConfig(text);
        if (!parsed.ok) return;
        const host = renderHostConfig(parsed.config, { consoles: [] });
        expect(host.hostname).toMatch(/^[A-Za-z0-9.-]{1,64}$/);
        for (const { content } of host.files) expect(content ?? "").not.toMatch(/[\r\0]/);
      }),
    );
  });
});

describe("parseHostConfig", () => {
  it("refuses what is not a JSON object, as a whole", () => {
    expect(parseHostConfig('{"uuid": ').ok).toBe(false);
    expect(parseHostConfig("[]").ok).toBe(false);
  });

  it("ignores a key of the wrong type, names it, and never its value", () => {
    const { problems, hostname } = render({
      hostname: 7,
      uuid: "secret value",
      developmentMode: "maybe",
      os: { sshKeys: [key, "rubbish"] },
    });
    expect(problems.map(({ key: name }) => name)).toEqual(["hostname", "uuid", "developmentMode", "os.sshKeys[1]"]);
    expect(JSON.stringify(problems)).not.toContain("secret value");
    expect(hostname).toBe("holdfast");
  });

  it("takes a file that an editor marked with a byte order mark", () => {
    expect(parseHostConfig(`\uFEFF{"uuid":"${uuid}"}`)).toMatchObject({ ok: true, config: { uuid } });
  });
});
