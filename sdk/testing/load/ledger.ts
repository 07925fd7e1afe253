/** Something wrong that a load has found. */
export interface LoadFault {
  readonly kind: "lost" | "shown-twice" | "out-of-order" | "changed" | "never-sent";
  readonly id: string;
  readonly detail: string;
}

interface Entry {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly place: number;
  isAccepted: boolean;
  shown: number;
}

/** How many faults are named; the rest is counted. */
const NAMED = 50;

/** What was sent and what was shown, so that every message is accounted for: id, text, order, loss. */
export class LoadLedger {
  readonly faults: LoadFault[] = [];
  faultCount = 0;
  accepted = 0;
  failed = 0;
  shown = 0;
  readonly #entries = new Map<string, Entry>();
  readonly #lastShown = new Map<string, number>();
  #places = 0;

  /** How many were sent. */
  get sent(): number {
    return this.#entries.size;
  }

  /** Whether everything that was accepted was shown, and nothing waits to be accepted or fail. */
  get isSettled(): boolean {
    return this.accepted + this.failed === this.sent && this.#missing().next().done === true;
  }

  /** Notes a message before it is sent. */
  send(id: string, from: string, to: string, text: string): void {
    this.#entries.set(id, { from, to, text, place: ++this.#places, isAccepted: false, shown: 0 });
  }

  /** The service has accepted it. */
  accept(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry || entry.isAccepted) return;
    entry.isAccepted = true;
    this.accepted += 1;
  }

  /** It ended without having been accepted. */
  fail(): void {
    this.failed += 1;
  }

  /** It was shown. */
  show(id: string, from: string, to: string, text: string): void {
    this.shown += 1;
    const entry = this.#entries.get(id);
    if (!entry || entry.from !== from || entry.to !== to)
      return this.#fault("never-sent", id, `shown to ${to} as from ${from}`);
    if (entry.text !== text)
      this.#fault("changed", id, `${text.length} characters, sent were ${entry.text.length}`);
    entry.shown += 1;
    if (entry.shown > 1) return this.#fault("shown-twice", id, `to ${to}`);
    const road = `${from} ${to}`;
    const last = this.#lastShown.get(road) ?? 0;
    if (entry.place < last) this.#fault("out-of-order", id, `from ${from} to ${to}`);
    this.#lastShown.set(road, Math.max(last, entry.place));
  }

  /** Counts as lost what was accepted and not shown by now. */
  close(): void {
    for (const [id, { from, to }] of this.#missing()) this.#fault("lost", id, `from ${from} to ${to}`);
  }

  *#missing(): Generator<[string, Entry], void> {
    for (const [id, entry] of this.#entries) if (entry.isAccepted && entry.shown === 0) yield [id, entry];
  }

  #fault(kind: LoadFault["kind"], id: string, detail: string): void {
    this.faultCount += 1;
    if (this.faults.length < NAMED) this.faults.push({ kind, id, detail });
  }
}
