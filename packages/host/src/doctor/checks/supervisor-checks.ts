import { CONTAINER } from "../../supervisor/container-spec.ts";
import { known, Unknown } from "../facts/fact.ts";
import { stopOf } from "../facts/unit-facts.ts";
import { type Check, defineCheck } from "../finding.ts";

const answer = defineCheck({
  name: "supervisor.answer",
  means: "the supervisor's container runs and answers /ping",
  troubles: {
    "supervisor.stopped": {
      level: "failure",
      means: "the supervisor does not run: apps stay as they are, and nobody updates them",
      todo: "systemctl restart balena-supervisor, then journalctl -u balena-supervisor",
    },
    "supervisor.no-answer": {
      level: "failure",
      means: "the supervisor runs and does not answer; its watchdog replaces it after three minutes",
      todo: "systemctl restart balena-supervisor (apps live on), then journalctl -u balena-supervisor",
    },
  },
  judge: ({ supervisor, engine, units }) => {
    if (known(supervisor).answers) return { ok: "it answers" };
    const stop = stopOf(units, "balena-supervisor.service");
    if (stop !== undefined) return { code: "supervisor.stopped", what: stop };
    const container = engine.ok ? engine.value?.containers.find(({ name }) => name === CONTAINER) : undefined;
    const isStopped = container !== undefined && container.state !== "running";
    if (isStopped) return { code: "supervisor.stopped", what: `its container is ${container.state}` };
    return { code: "supervisor.no-answer", what: "it does not answer /ping" };
  },
});

const health = defineCheck({
  name: "supervisor.health",
  means: "the supervisor calls itself healthy",
  troubles: {
    "supervisor.unhealthy": {
      level: "failure",
      means: "the supervisor answers and calls itself unhealthy: it is stuck, or does not reach its fleet server",
      todo: "journalctl -u balena-supervisor CONTAINER_NAME=balena_supervisor; systemctl restart balena-supervisor",
    },
  },
  judge: ({ supervisor }) => {
    const { answers, isHealthy } = known(supervisor);
    if (!answers) throw new Unknown("the supervisor does not answer");
    return isHealthy ? { ok: "healthy" } : { code: "supervisor.unhealthy", what: "/v1/healthy says no" };
  },
});

const target = defineCheck({
  name: "supervisor.target",
  means: "the containers are as the target state says",
  troubles: {
    "supervisor.applying": {
      level: "warning",
      means: "the target state is not reached yet: something is being downloaded, waits for a lock, or fails",
      todo: "If it stays: journalctl CONTAINER_NAME=balena_supervisor",
    },
  },
  judge: ({ supervisor }) => {
    const { answers, appState } = known(supervisor);
    if (!answers) throw new Unknown("the supervisor does not answer");
    if (appState === undefined) throw new Unknown("the supervisor does not tell");
    return appState === "applied"
      ? { ok: "applied" }
      : {
          code: "supervisor.applying",
          what: `the target state is ${appState === "applying" ? "being applied" : appState}`,
        };
  },
});

export const supervisorChecks: readonly Check[] = [answer, health, target];
