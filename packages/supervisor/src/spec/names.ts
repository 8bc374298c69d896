/** Names of engine objects and paths on the host, as clients and tools expect them (compat 4.2, 4.3). */
export const networkName = (appUuid: string, network: string): string => `${appUuid}_${network}`;
export const volumeName = (appId: number, volume: string): string => `${appId}_${volume}`;

/** One volume for the device, not one per app: the host reads it. */
export const EXTRA_FIRMWARE_VOLUME = "extra-firmware";

/** Where a service's locks lie on the host; the service sees it as /tmp/balena. */
export const serviceDirectory = (runtimeDir: string, appId: number, service: string): string =>
  `${runtimeDir}/services/${appId}/${service}`;

/** What a container's name says of the release it belongs to. */
export type ReleaseOfName = { readonly imageId: number; readonly releaseId: number; readonly commit: string };

/** `<service>_<imageId>_<releaseId>_<commit>`. */
export function containerName(service: string, { imageId, releaseId, commit }: ReleaseOfName): string {
  return `${service}_${imageId}_${releaseId}_${commit}`;
}

const CONTAINER_NAME = /.*_(\d+)_(\d+)(?:_(.*?))?$/;

/** Reads the release back from a container's name; undefined when the name is not ours. */
export function parseContainerName(name: string): ReleaseOfName | undefined {
  const match = CONTAINER_NAME.exec(name.replace(/^\//, ""));
  if (match === null) return undefined;
  return { imageId: Number(match[1]), releaseId: Number(match[2]), commit: match[3] ?? "" };
}
