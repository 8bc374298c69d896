import type { Clock } from "../clock.ts";
import type { WishFile } from "./wish-file.ts";

/** Shortest time between two changes (compat 1.4): a fleet cannot make its devices flap. */
const SHORTEST_MS = 60 * 60 * 1000;
/** Tells our file from one that somebody on the device made. */
const OFF = "The fleet switched the tunnel off: SUPERVISOR_VPN_CONTROL.\n";

/**
 * Switches the tunnel to the fleet server off and on (SUPERVISOR_VPN_CONTROL). The file survives reboots; the host stops
 * and starts the tunnel as it comes and goes. Asked again at each round, so that what came too early is done later.
 */
export class VpnSwitch {
  readonly #file: Pick<WishFile, "read" | "put">;
  readonly #clock: Pick<Clock, "now">;
  #changedAt = Number.NEGATIVE_INFINITY;

  constructor(file: Pick<WishFile, "read" | "put">, clock: Pick<Clock, "now">) {
    this.#file = file;
    this.#clock = clock;
  }

  /** Undefined: the fleet says nothing, so the tunnel is on, unless somebody on the device switched it off. */
  async follow(isWanted: boolean | undefined): Promise<void> {
    const present = await this.#file.read();
    const isOff = present !== undefined;
    const shouldBeOff = isWanted === false || (isWanted === undefined && isOff && present !== OFF);
    if (isOff === shouldBeOff || this.#clock.now() - this.#changedAt < SHORTEST_MS) return;
    await this.#file.put(shouldBeOff ? OFF : undefined);
    // What could not be written is tried again at the next round.
    if (((await this.#file.read()) !== undefined) === shouldBeOff) this.#changedAt = this.#clock.now();
  }
}
