/** The events of an object: for each name, what its listeners are told. */
type EventMap = object;

/** Takes listeners by event name and calls them in the order in which they came. */
export class TypedEvents<Events extends EventMap> {
  readonly #listeners = new Map<keyof Events, ((detail: never) => void)[]>();
  readonly #onThrow: (error: unknown) => void;

  /** @param onThrow told what a listener throws; the other listeners are still called */
  constructor(onThrow: (error: unknown) => void) {
    this.#onThrow = onThrow;
  }

  /** Adds a listener; what it answers removes it again. */
  on<Name extends keyof Events>(name: Name, listener: (detail: Events[Name]) => void): () => void {
    // A fresh array each time: emit walks the one it began with.
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
    return () => {
      const left = (this.#listeners.get(name) ?? []).filter((other) => other !== listener);
      this.#listeners.set(name, left);
    };
  }

  /** Calls every listener of an event. */
  emit<Name extends keyof Events>(name: Name, detail: Events[Name]): void {
    const listeners = this.#listeners.get(name);
    if (!listeners) return;
    for (const listener of listeners) {
      try {
        (listener as (detail: Events[Name]) => void)(detail);
      } catch (error) {
        this.#onThrow(error);
      }
    }
  }
}
