import * as z from "zod";
import { fromLocalApps, localApps } from "./local-target.ts";
import { numericId, scalarText } from "./names.ts";
import { parseWire } from "./parse-wire.ts";
import { type WireApps, wireApps, wireConfig } from "./target-state.ts";

/** A preload, in the form of the target state whatever form the file had. */
export type AppsJson = {
  readonly config: Readonly<Record<string, string>>;
  readonly apps: WireApps;
  readonly pinDevice: boolean;
};

const current = z.object({
  config: wireConfig.default({}),
  apps: z.record(z.string(), z.unknown()).default({}),
  pinDevice: z.boolean().default(false),
});

/** The oldest form: an array of single-container apps. */
const arrayOfApps = z.array(
  z.object({
    appId: numericId,
    name: z.string(),
    commit: z.string(),
    imageId: z.string(),
    env: z.record(z.string(), scalarText).default({}),
    config: z.record(z.string(), scalarText).default({}),
  }),
);

/**
 * Reads the content of apps.json (compat 0.1) in any of its three forms.
 * @throws HoldfastError `supervisor.invalid-target`: the content is refused as a whole.
 */
export function parseAppsJson(document: unknown): AppsJson {
  if (Array.isArray(document)) return fromArray(parseWire(arrayOfApps, document, "apps.json"));
  const file = parseWire(current, document, "apps.json");
  const keyedById = Object.values(file.apps).some(
    (app) => typeof app === "object" && app !== null && "services" in app && !("releases" in app),
  );
  const apps = keyedById
    ? fromLocalApps(parseWire(localApps, file.apps, "apps.json"))
    : parseWire(wireApps, file.apps, "apps.json");
  return { config: file.config, apps, pinDevice: file.pinDevice };
}

/** Single-container apps had privileges, the host's network and a `/data` volume; their conversion keeps that. */
function fromArray(apps: z.infer<typeof arrayOfApps>): AppsJson {
  const config: Record<string, string> = {};
  const converted: Record<string, unknown> = {};
  for (const app of apps) {
    Object.assign(config, app.config);
    const environment = Object.fromEntries(Object.entries(app.env).filter(([name]) => !name.startsWith("RESIN_")));
    const main = {
      serviceName: "main",
      serviceId: 1,
      imageId: 1,
      image: app.imageId,
      environment,
      labels: singleContainerLabels(app.config),
      privileged: true,
      network_mode: "host",
      volumes: ["resin-data:/data"],
      restart: app.config["RESIN_APP_RESTART_POLICY"] ?? "always",
    };
    const { name, commit } = app;
    converted[String(app.appId)] = { name, commit, services: { "1": main }, volumes: { "resin-data": {} } };
  }
  return { config, apps: fromLocalApps(parseWire(localApps, converted, "apps.json")), pinDevice: false };
}

function singleContainerLabels(config: Readonly<Record<string, string>>): Record<string, string> {
  const timeout = config["RESIN_SUPERVISOR_HANDOVER_TIMEOUT"];
  return {
    "io.balena.features.kernel-modules": "1",
    "io.balena.features.firmware": "1",
    "io.balena.features.dbus": "1",
    "io.balena.features.supervisor-api": "1",
    "io.balena.features.balena-api": "1",
    "io.balena.update.strategy": config["RESIN_SUPERVISOR_UPDATE_STRATEGY"] ?? "download-then-kill",
    ...(timeout === undefined ? {} : { "io.balena.update.handover-timeout": timeout }),
  };
}
