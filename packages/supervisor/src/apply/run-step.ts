import type { Engine, PullProgress } from "../engine/engine.ts";
import type { Step } from "../plan/step.ts";
import type { ContainerBody } from "../spec/container-body.ts";
import { API_KEY_VARIABLES } from "../spec/environment.ts";

/** What steps need besides the engine. */
export type StepEffects = {
  /** The key of a service for the device API. */
  readonly apiKeyFor: (appId: number, service: string) => Promise<string>;
  /** Makes the service's directory for locks and removes marks of a former hand-over. */
  readonly prepareService: (appId: number, service: string) => Promise<void>;
  /** Remembers, durably, that an image is ours before it is fetched. */
  readonly recordImage: (reference: string) => Promise<void>;
};

export type StepOptions = { readonly signal: AbortSignal; readonly onProgress?: PullProgress };

/** Does one step. Returns when the engine has done it. */
export async function runStep(engine: Engine, effects: StepEffects, step: Step, options: StepOptions): Promise<void> {
  const { signal } = options;
  switch (step.do) {
    case "create-network":
      return engine.createNetwork(step.network.body, signal);
    case "remove-network":
      return engine.removeNetwork(step.id, signal);
    case "create-volume":
      return engine.createVolume(step.volume.body, signal);
    case "remove-volume":
      return engine.removeVolume(step.name, signal);
    case "pull-image":
      await effects.recordImage(step.image);
      return engine.pullImage(step.image, options);
    case "remove-image":
      return engine.removeImage(step.image, signal);
    case "create-container":
      return createContainer(engine, effects, step, signal);
    case "connect-network":
      return engine.connectNetwork(step.network, step.id, step.endpoint, signal);
    case "start-container":
      return engine.startContainer(step.id, signal);
    case "stop-container":
      return engine.stopContainer(step.id, signal);
    case "restart-container":
      return engine.restartContainer(step.id, signal);
    case "remove-container":
      return engine.removeContainer(step.id, signal);
    case "rename-container":
      return engine.renameContainer(step.id, step.name, signal);
  }
}

async function createContainer(
  engine: Engine,
  effects: StepEffects,
  { spec, networkOf }: Extract<Step, { readonly do: "create-container" }>,
  signal: AbortSignal,
): Promise<void> {
  await effects.prepareService(spec.appId, spec.service);
  let body: ContainerBody = spec.body;
  if (spec.wantsApiKey) {
    const key = await effects.apiKeyFor(spec.appId, spec.service);
    body = { ...body, Env: [...body.Env, ...API_KEY_VARIABLES.map((name) => `${name}=${key}`)] };
  }
  if (networkOf !== undefined) {
    body = { ...body, HostConfig: { ...body.HostConfig, NetworkMode: `container:${networkOf}` } };
  }
  await engine.createContainer(spec.name, body, signal);
}
