/** An event as clients get it. `about`: an app, the device, or whatever any key may know. */
export type SentEvent = {
  /** Missing: it is not kept, and a client that comes back does not ask for it. */
  readonly id?: string;
  readonly kind: string;
  readonly about: number | "device" | "everyone";
  /** JSON, one line. */
  readonly text: string;
};

const MAX_EVENTS = 256;
/** Of the texts together, in characters. */
const MAX_TEXT = 64 * 1024;

/** The newest events, for clients that were away for a moment. */
export class EventRing {
  readonly #epoch: string;
  #kept: SentEvent[] = [];
  #size = 0;
  #last = 0;

  /** `epoch`: tells the events of this process from those of former ones. */
  constructor(epoch: string) {
    this.#epoch = epoch;
  }

  lastId(): string {
    return `${this.#epoch}-${this.#last}`;
  }

  /** Gives the event an id and keeps it until there is no room. */
  keep(event: Omit<SentEvent, "id">): SentEvent {
    this.#last += 1;
    const kept = { ...event, id: this.lastId() };
    this.#kept.push(kept);
    this.#size += kept.text.length;
    while (this.#kept.length > MAX_EVENTS || this.#size > MAX_TEXT) this.#size -= this.#kept.shift()?.text.length ?? 0;
    return kept;
  }

  /** All events after the one with that id; undefined when some of them are not known any more. */
  since(id: string): readonly SentEvent[] | undefined {
    const [epoch, number] = id.split("-");
    if (epoch !== this.#epoch || !/^\d{1,15}$/.test(number ?? "")) return undefined;
    const missed = this.#last - Number(number);
    return missed < 0 || missed > this.#kept.length ? undefined : this.#kept.slice(this.#kept.length - missed);
  }

  /** Events were not noted for a while: no id of before is good any more. */
  forget(): void {
    this.#kept = [];
    this.#size = 0;
    this.#last += 1;
  }
}
