import { expect, it } from "vitest";
import { release } from "./release.ts";

it("takes version and date from the checkout", async () => {
  const { version, epoch } = await release(undefined, {});
  expect(version).toMatch(/^\d+\.\d+\.\d+/);
  expect(new Date(epoch * 1000).getUTCFullYear()).toBeGreaterThanOrEqual(2026);
});

it("lets the command line and SOURCE_DATE_EPOCH decide", async () => {
  expect(await release("1.2.3-rc.1", { SOURCE_DATE_EPOCH: "86400" })).toEqual({ version: "1.2.3-rc.1", epoch: 86400 });
});

it.each(["1.2", "../1.0.0", "v1.0.0", "1.0.0 "])("refuses the version '%s'", async (version) => {
  await expect(release(version, {})).rejects.toMatchObject({ code: "cli.usage" });
});

it("refuses a SOURCE_DATE_EPOCH that is no time", async () => {
  await expect(release(undefined, { SOURCE_DATE_EPOCH: "yesterday" })).rejects.toMatchObject({ code: "cli.usage" });
});
