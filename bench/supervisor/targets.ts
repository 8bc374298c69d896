/** Ends at once when asked to. */
const COMMAND = ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done"];

export const IMAGES = ["bench/app:1", "bench/app:2"];
/** Of the fleet's application. */
const APP_UUID = "a".repeat(32);

/** So many services, of which one or all differ from turn to turn. */
export type Wanted = {
  readonly services: number;
  /** Which service has the turn in its environment; undefined: all of them. */
  readonly changed?: number;
  readonly turn: number;
  /** Stands for the commit. */
  readonly release: number;
  readonly image?: string;
};

const environmentOf = ({ changed, turn }: Wanted, at: number): Readonly<Record<string, string>> =>
  changed === undefined || changed === at ? { TURN: String(turn) } : {};
const commitOf = ({ release }: Wanted): string => release.toString(16).padStart(32, "0");
const serviceName = (at: number): string => `service${at}`;
const each = <T>({ services }: Wanted, make: (at: number) => readonly [string, T]): Record<string, T> =>
  Object.fromEntries(Array.from({ length: services }, (_, at) => make(at)));

/** A target as `POST /v2/local/target-state` takes it (compat 6). */
export function localTarget(wanted: Wanted): object {
  const services = each(wanted, (at) => {
    const ids = { imageId: at + 1, serviceId: at + 1, serviceName: serviceName(at), running: true, labels: {} };
    const image = wanted.image ?? IMAGES[0];
    return [String(at + 1), { ...ids, image, environment: environmentOf(wanted, at), command: COMMAND }] as const;
  });
  const app = { name: "bench", commit: commitOf(wanted), releaseId: "1", services, volumes: {}, networks: {} };
  return { local: { name: "bench", config: {}, apps: { "1": app } } };
}

/** A target as a fleet server sends it (compat 5.2). */
export function fleetTarget(wanted: Wanted): object {
  const image = wanted.image ?? IMAGES[0];
  const services = each(wanted, (at) => {
    const ids = { id: 100 + at, image_id: 200 + at };
    return [
      serviceName(at),
      { ...ids, image, environment: environmentOf(wanted, at), composition: { command: COMMAND } },
    ] as const;
  });
  const app = {
    id: 5,
    name: "bench",
    class: "fleet",
    is_host: false,
    releases: { [commitOf(wanted)]: { id: 3, services } },
  };
  return { name: "bench", config: {}, apps: { [APP_UUID]: app } };
}
