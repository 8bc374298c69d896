import { addressOf, addressQuestion, deviceQuestion, devicesIn, type FoundDevice } from "./found-device.ts";
import { type MulticastOptions, multicastQuery } from "./multicast-query.ts";

/** How long a name's answer is waited for: it comes at once, or the first question was lost. */
const NAME_PATIENCE_MS = 3_000;

/** All devices that answer within the time, by name; one with several addresses is found at each of them. */
export async function findDevices(
  options: MulticastOptions,
  onFound: (count: number) => void,
): Promise<readonly FoundDevice[]> {
  const found = new Map<string, FoundDevice>();
  const take = (devices: readonly FoundDevice[]): void => {
    for (const device of devices) found.set(device.address, device);
    onFound(found.size);
  };
  await multicastQuery(
    [deviceQuestion],
    (answer) => {
      take(devicesIn(answer));
      return false;
    },
    options,
  );
  return [...found.values()].toSorted((a, b) => a.name.localeCompare(b.name) || a.address.localeCompare(b.address));
}

/** The address of a `.local` name; undefined when nobody answers to it. */
export async function resolveLocalName(
  name: string,
  options: Omit<MulticastOptions, "timeoutMs">,
): Promise<string | undefined> {
  let address: string | undefined;
  await multicastQuery(
    [addressQuestion(name)],
    (answer) => {
      address ??= addressOf(answer, name);
      return address !== undefined;
    },
    { ...options, timeoutMs: NAME_PATIENCE_MS },
  );
  return address;
}
