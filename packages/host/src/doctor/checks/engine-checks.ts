import { known, Unknown } from "../facts/fact.ts";
import { stopOf } from "../facts/unit-facts.ts";
import { type Check, defineCheck, listed } from "../finding.ts";

const answer = defineCheck({
  name: "engine.answer",
  means: "the container engine answers",
  troubles: {
    "engine.stopped": {
      level: "failure",
      means: "the container engine does not run; containers that ran may live on",
      todo: "systemctl start balena, then journalctl -u balena",
    },
    "engine.no-answer": {
      level: "failure",
      means: "the container engine runs and does not answer; its watchdog restarts it after six minutes",
      todo: "systemctl restart balena (containers live on), then journalctl -u balena",
    },
  },
  judge: ({ engine, units }) => {
    const found = known(engine);
    if (found !== undefined) return { ok: `version ${found.version}, ${found.containers.length} containers` };
    const stop = stopOf(units, "balena.service");
    if (stop !== undefined) return { code: "engine.stopped", what: stop };
    return { code: "engine.no-answer", what: "the engine does not answer" };
  },
});

const containers = defineCheck({
  name: "engine.containers",
  means: "no container restarts again and again or calls itself unhealthy",
  troubles: {
    "engine.restarting": {
      level: "warning",
      means: "containers end and are started again",
      todo: "journalctl CONTAINER_NAME=NAME shows why they end",
    },
    "engine.unhealthy": {
      level: "warning",
      means: "the health checks of containers fail",
      todo: "docker inspect --format '{{json .State.Health}}' NAME shows what they say",
    },
  },
  judge: ({ engine }) => {
    const found = known(engine);
    if (found === undefined) throw new Unknown("the engine does not answer");
    const restarting = found.containers.filter(({ state }) => state === "restarting").map(({ name }) => name);
    if (restarting.length > 0) return { code: "engine.restarting", what: `restarting: ${listed(restarting)}` };
    const unhealthy = found.containers.filter(({ isUnhealthy }) => isUnhealthy).map(({ name }) => name);
    if (unhealthy.length > 0) return { code: "engine.unhealthy", what: `unhealthy: ${listed(unhealthy)}` };
    return { ok: `${found.containers.filter(({ state }) => state === "running").length} run` };
  },
});

export const engineChecks: readonly Check[] = [answer, containers];
