import { refuse, worldError } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { ApiScene } from "../../testing/api-scene.ts";

const app = { services: { web: {} } };

describe("actions on the host", () => {
  it.each(["reboot", "shutdown"])(
    "%s answers 202, 423 under a lock and 500 otherwise, in the shape of v1",
    async (verb) => {
      await using scene = await ApiScene.start(app);
      expect(await scene.client.post(`/v1/${verb}`, { force: 1 })).toEqual([202, { Data: "OK", Error: null }]);
      expect(scene.noted).toEqual([`${verb} {"force":true}`]);
      const message = "Waiting for Host OS update to finish";
      const lockedAction = async () => refuse("supervisor.updates-locked", { message });
      await using locked = await ApiScene.start(app, { [verb]: lockedAction });
      expect(await locked.client.post(`/v1/${verb}`)).toEqual([423, { Data: "", Error: message }]);
      const brokenAction = () => Promise.reject(worldError("supervisor.dbus-failed", { message: "no bus" }));
      await using broken = await ApiScene.start(app, { [verb]: brokenAction });
      expect(await broken.client.post(`/v1/${verb}`)).toEqual([500, { Data: "", Error: "no bus" }]);
    },
  );

  it("update says whether it happens now", async () => {
    await using scene = await ApiScene.start(app);
    expect(await scene.client.post("/v1/update", { force: true, cancel: "true" })).toEqual([204, ""]);
    expect(scene.noted).toEqual(['update {"force":true,"cancel":true}']);
    await using slow = await ApiScene.start(app, { update: () => false });
    expect(await slow.client.post("/v1/update")).toEqual([202, ""]);
  });

  it("blink and regenerate-api-key answer in text", async () => {
    await using scene = await ApiScene.start(app);
    expect(await scene.client.post("/v1/blink")).toEqual([200, "OK"]);
    expect(await scene.client.post("/v1/regenerate-api-key")).toEqual([200, `new ${"g".repeat(32)}`]);
  });
});
