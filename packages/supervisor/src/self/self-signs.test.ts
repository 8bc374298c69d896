import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSupervisorSigns, type ServerContact, SUPERVISOR_SIGNS } from "@holdfast/contracts/host";
import { expect, it } from "vitest";
import { systemClock } from "../clock.ts";
import { SelfSigns } from "./self-signs.ts";

it("the host can read how the supervisor is, also after it forgot what was said before", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-signs-"));
  try {
    const state = { hasLooked: false, server: "silent" as ServerContact };
    const signs = new SelfSigns({
      runtimeDir: folder,
      image: "sha256:a",
      hasLooked: () => state.hasLooked,
      server: () => state.server,
      clock: systemClock,
      log: { info: () => {}, warn: () => {}, error: () => {} },
    });
    const read = async () => parseSupervisorSigns(await readFile(join(folder, SUPERVISOR_SIGNS), "utf8"));
    await signs.say();
    expect(await read()).toEqual({ id: "sha256:a", hasLooked: false, server: "silent" });
    Object.assign(state, { hasLooked: true, server: "serves" });
    await signs.say();
    await rm(join(folder, SUPERVISOR_SIGNS));
    await signs.say();
    expect(await read()).toEqual({ id: "sha256:a", hasLooked: true, server: "serves" });
  } finally {
    await rm(folder, { recursive: true });
  }
});
