import { localTargetState, refuse } from "@holdfast/contracts";
import type { ComposeProject } from "@holdfast/image";
import { z } from "zod";
import type { Variable } from "./variable.ts";

/** What balena's own tools call an app in local mode (compat 6.1), so that one push replaces the other. */
export const LOCAL_APP = "1";
export const LOCAL_COMMIT = "10ca12e1ea5e";
const NAME = "localapp";

/** Answer to GET /v2/local/target-state. */
export const formerTarget = z.object({ state: localTargetState });
export type FormerTarget = z.infer<typeof formerTarget>["state"];

export type TargetInput = {
  readonly project: ComposeProject;
  /** Reference of the image of each service that this push made; of others, the device's own image is kept. */
  readonly images: ReadonlyMap<string, string>;
  readonly variables: readonly Variable[];
  readonly former: FormerTarget;
};

/**
 * The target state with the project as the device's only app; the device's name and settings stay. A service keeps its
 * number, so that another one that comes or goes does not touch it. Pure.
 * @throws `cli.usage` when a service was neither pushed now nor before
 */
export function localTarget({ project, images, variables, former }: TargetInput): object {
  const before = Object.values(former.local.apps[LOCAL_APP]?.services ?? {});
  const numbers = numberServices(
    project.services.map(({ name }) => name),
    new Map(before.map(({ serviceName, serviceId }) => [serviceName, serviceId ?? 0])),
  );
  const services = project.services.map(({ name, environment, labels, composition }) => {
    const image = images.get(name) ?? before.find(({ serviceName }) => serviceName === name)?.image;
    if (image === undefined) return notThereYet(name);
    const number = numbers.get(name) ?? 0;
    const given = variables.filter(({ service }) => service === undefined || service === name);
    const service = {
      ...composition,
      imageId: number,
      serviceId: number,
      serviceName: name,
      image,
      running: true,
      environment: { ...environment, ...Object.fromEntries(given.map((one) => [one.name, one.value])) },
      labels,
    };
    return [String(number), service];
  });
  const app = {
    name: NAME,
    commit: LOCAL_COMMIT,
    releaseId: "1",
    services: Object.fromEntries(services),
    volumes: project.volumes,
    networks: project.networks,
  };
  return { local: { ...former.local, apps: { [LOCAL_APP]: app } } };
}

/** Numbers from 1 on; a name that has one keeps it. */
function numberServices(names: readonly string[], known: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const numbers = new Map(names.flatMap((name) => ((known.get(name) ?? 0) > 0 ? [[name, known.get(name) ?? 0]] : [])));
  const taken = new Set(numbers.values());
  let next = 1;
  for (const name of names) {
    if (numbers.has(name)) continue;
    while (taken.has(next)) next += 1;
    taken.add(next);
    numbers.set(name, next);
  }
  return numbers;
}

function notThereYet(service: string): never {
  return refuse("cli.usage", {
    message: `Service "${service}" is not on the device yet.`,
    hint: "Push once without --service; from then on single services can be pushed.",
  });
}
