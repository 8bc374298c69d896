import type { ApplyStatus } from "../../apply/apply-loop.ts";
import type { ObservedContainer } from "../../engine/current.ts";
import { ImageIndex } from "../../plan/image-index.ts";
import type { DesiredApp } from "../../spec/desired.ts";
import { parseContainerName } from "../../spec/names.ts";

/** An app as it runs and as it should. */
export type AppOnDevice = {
  readonly target: DesiredApp;
  readonly containers: readonly ObservedContainer[];
  /** Names of the services of both. */
  readonly services: readonly string[];
  /** Every image of the target is on the device. */
  readonly isDownloaded: boolean;
};

/** The app of the target with that number; undefined when there is none. */
export function findApp({ desired, current }: ApplyStatus, appId: number): AppOnDevice | undefined {
  const target = desired?.apps.find(({ id }) => id === appId);
  if (target === undefined) return undefined;
  const containers = (current?.containers ?? []).filter((container) => container.appId === appId);
  const images = new ImageIndex(current?.images ?? []);
  const names = [...target.services, ...containers].map(({ service }) => service);
  return {
    target,
    containers,
    services: [...new Set(names)],
    isDownloaded: target.services.every(({ image }) => images.has(image)),
  };
}

/** The service that a name or the number of its image means; undefined when the app has none such. */
export function findService(
  app: AppOnDevice,
  asked: { readonly serviceName?: string | undefined; readonly imageId?: number | undefined },
): string | undefined {
  const { serviceName, imageId } = asked;
  if (serviceName !== undefined) return app.services.find((service) => service === serviceName);
  const named = [...app.containers, ...app.target.services];
  return named.find(({ name }) => parseContainerName(name)?.imageId === imageId)?.service;
}
