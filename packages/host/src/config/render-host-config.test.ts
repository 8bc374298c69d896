import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEVELOPMENT_FLAG } from "./areas/development.ts";
import { HOSTNAME_FILE, KERNEL_HOSTNAME } from "./areas/hostname.ts";
import { AUTHORIZED_KEYS } from "./areas/ssh.ts";
import { parseHostConfig, withValueAt } from "./host-config.ts";
import { configKeys } from "./keys/config-keys.ts";
import { renderHostConfig } from "./render-host-config.ts";

const uuid = "0123456789abcdef0123456789abcdef";
const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@laptop";
const facts = { consoles: ["tty0", "ttyS0"] };

function render(config: unknown) {
  const parsed = parseHostConfig(JSON.stringify(config));
  if (!parsed.ok) throw new Error(parsed.reason);
  const rendered = renderHostConfig(parsed.config, facts);
  const fileAt = (path: string) => rendered.files.find((file) => file.path === path);
  return { ...rendered, fileAt, contentOf: (path: string) => fileAt(path)?.content };
}

describe("renderHostConfig", () => {
  it("renders a production device", () => {
    const host = render({ uuid, os: { sshKeys: [key] } });
    expect(host.contentOf(HOSTNAME_FILE)).toBe("0123456\n");
    expect(host.contentOf(KERNEL_HOSTNAME)).toBe("0123456");
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
    const actions = (developmentMode: boolean) => render({ uuid, developmentMode }).fileAt(DEVELOPMENT_FLAG)?.onChange;
    expect(actions(true)).toEqual([
      { action: "start", unit: "getty@tty1.service" },
      { action: "start", unit: "serial-getty@ttyS0.service" },
    ]);
    expect(actions(false)?.map(({ action }) => action)).toEqual(["stop", "stop"]);
  });
});

describe("whatever config.json says, renderHostConfig", () => {
  const keys = fc.constantFrom(...Object.values(configKeys).map(({ key: name }) => name));
  const nasty = fc.oneof(
    fc.jsonValue(),
    fc.string({ unit: "grapheme" }),
    fc.array(fc.string()).map((lines) => lines.join("\n[connection]\n")),
    fc.constantFrom("a\nExecStart=/bin/sh", "[x]\ny=1", "a\\", " a", "x;y", "\u0085", "x\r", "x\0", "../../etc/passwd"),
    fc.dictionary(fc.string(), fc.string()),
    fc.array(fc.string()),
  );
  const anyConfig = fc
    .array(fc.tuple(keys, nasty))
    .map((set) =>
      set.reduce((at, [name, value]) => withValueAt(at, name, value), {} as Readonly<Record<string, unknown>>),
    );

  it("never throws, and gives the same output for the same input", () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        expect(render(config).files).toEqual(render(config).files);
      }),
    );
  });

  it("never cares for keys that nobody knows", () => {
    fc.assert(
      fc.property(anyConfig, fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue()), (config, others) => {
        const strange = Object.fromEntries(Object.entries(others).map(([name, value]) => [`x-${name}`, value]));
        expect(render({ ...strange, ...config }).files).toEqual(render(config).files);
      }),
    );
  });
});
