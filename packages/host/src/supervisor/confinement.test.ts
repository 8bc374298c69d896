import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CAPABILITIES, confinement, MOUNTS, RESERVE_GROUP } from "./confinement.ts";

const repository = join(import.meta.dirname, "../../../..");
const page = readFileSync(join(repository, "docs/security.md"), "utf8");

describe("the supervisor's container", () => {
  it("has exactly the capabilities and mounts that docs/security.md lists with their reasons", () => {
    const section = page.slice(page.indexOf("## The supervisor's container"));
    const rows = section.split("\n").filter((line) => line.startsWith("| `"));
    const capabilities = Object.entries(CAPABILITIES).map(([name, why]) => `| \`${name}\` | ${why} |`);
    const mounts = MOUNTS.map(({ source, target, options, why }) => {
      const how = options === undefined ? "" : `, ${options}`;
      return `| \`${source}\` at \`${target}\`${how} | ${why} |`;
    });
    expect(rows).toEqual([...capabilities, ...mounts]);
  });

  it("is not privileged, gains nothing, and cannot change its own program", () => {
    const settings = confinement();
    expect(settings).not.toHaveProperty("Privileged");
    expect(settings).toMatchObject({
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      ReadonlyRootfs: true,
    });
    expect(settings["GroupAdd"]).toEqual([String(RESERVE_GROUP)]);
    expect(settings["Binds"]).toContain("/:/mnt/root:ro,rslave");
  });

  it("has the group for which the data partition is mounted to hold blocks back, and nobody else has it", () => {
    const unit = readFileSync(join(repository, "os/layers/state/files/usr/lib/systemd/system/mnt-data.mount"), "utf8");
    const options = /^Options=(.*)$/m.exec(unit)?.[1]?.split(",") ?? [];
    expect(options).toEqual(expect.arrayContaining([`resuid=${RESERVE_GROUP}`, `resgid=${RESERVE_GROUP}`]));
    const { users, groups } = JSON.parse(readFileSync(join(repository, "os/ledger/accounts.json"), "utf8"));
    expect([...Object.values(users), ...Object.values(groups)]).not.toContain(RESERVE_GROUP);
  });
});
