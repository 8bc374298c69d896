import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CAPABILITIES, confinement, MOUNTS } from "./confinement.ts";

const page = readFileSync(join(import.meta.dirname, "../../../../docs/security.md"), "utf8");

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
    expect(settings["Binds"]).toContain("/:/mnt/root:ro,rslave");
  });
});
