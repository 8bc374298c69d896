import { known } from "../facts/fact.ts";
import { type Check, defineCheck, listed } from "../finding.ts";

const file = defineCheck({
  name: "config.file",
  means: "config.json is valid, and each key of it counts",
  troubles: {
    "config.lost": {
      level: "failure",
      means: "config.json is missing or empty; the device follows the last good copy",
      todo: "Reboot: the last good copy is put back then",
    },
    "config.broken": {
      level: "failure",
      means: "config.json is not JSON; the device follows the last good copy",
      todo: "Mend /mnt/boot/config.json at that place; cp /mnt/state/config.json /mnt/boot/config.json goes back to the last good copy",
    },
    "config.refused-keys": {
      level: "warning",
      means: "keys of config.json are unknown, or have a value that they cannot have; the others count",
      todo: "Mend or remove them in /mnt/boot/config.json (docs/configuration.md)",
    },
  },
  judge: ({ config }) => {
    const found = known(config);
    switch (found.is) {
      case "lost":
        return { code: "config.lost", what: "config.json is missing or empty" };
      case "broken":
        return { code: "config.broken", what: `config.json is not valid: ${found.reason}` };
      case "valid":
        return found.refused.length === 0
          ? { ok: "config.json is valid" }
          : { code: "config.refused-keys", what: `ignored: ${listed(found.refused, 10)}` };
    }
  },
});

export const configChecks: readonly Check[] = [file];
