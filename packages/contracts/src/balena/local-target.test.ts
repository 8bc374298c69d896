import { expect, it } from "vitest";
import { fromLocalApps, localTargetState, toLocalApps } from "./local-target.ts";

/** What balena-cli posts (compat 6.1, step 9). */
const posted = {
  local: {
    name: "device",
    config: { RESIN_SUPERVISOR_LOCAL_MODE: "1" },
    apps: {
      "1": {
        name: "localapp",
        commit: "10ca12e1ea5e",
        releaseId: "1",
        services: {
          "1": {
            imageId: 1,
            serviceName: "main",
            serviceId: 1,
            image: "local_image_main:latest",
            running: true,
            environment: { A: "1" },
            labels: {},
            contract: { slug: "main", requires: [] },
            tty: false,
            volumes: ["data:/data"],
          },
        },
        volumes: { data: {} },
        networks: {},
      },
    },
  },
};

it("takes the client's target; the app's id doubles as its uuid", () => {
  const apps = fromLocalApps(localTargetState.parse(posted).local.apps);
  expect(Object.keys(apps)).toEqual(["1"]);
  const main = apps["1"]?.releases["10ca12e1ea5e"]?.services["main"];
  expect(main?.contract).toEqual({ slug: "main", requires: [] });
  expect(main).toMatchObject({ id: 1, image_id: 1, composition: { tty: false, volumes: ["data:/data"] } });
});

it("tells it back in a form that can be posted again", () => {
  const once = fromLocalApps(localTargetState.parse(posted).local.apps);
  const again = fromLocalApps(localTargetState.parse({ local: { apps: toLocalApps(once) } }).local.apps);
  expect(again).toEqual(once);
});
