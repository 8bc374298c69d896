import { defineLayer } from "@holdfast/contracts";

export default defineLayer({
  name: "supervisor",
  why: "Without it nothing starts, updates or reports the apps: it restores the supervisor's image and keeps it running.",
  packages: {
    curl: "talks to the engine and probes the supervisor's API",
    coreutils: "sha256sum over the supervisor's files in the engine's store",
  },
  units: { enable: ["holdfast-preload.service", "balena-supervisor.service"] },
});
