/** The events of an object: for each name, what its listeners are told. */
type EventMap = object;

/** Takes listeners by event name and calls them in the order in which they came. */
export class TypedEvents<Events extends EventMap> {
  readonly #listeners = new Map<keyof Events, ((detail: never) => void)[]>();
  readonly #onThrow: (error: unknown) => void;
  #isReporting = false;

  /**
   * @param onThrow told what a listener throws, or what the promise that it answers rejects with; the other
   *   listeners are still called, and what they throw at being told of that is dropped
   */
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
    const isReport = this.#isReporting;
    for (const listener of listeners) {
      try {
        const result = (listener as (detail: Events[Name]) => unknown)(detail);
        // An asynchronous listener: unheard, its rejection would end the process
        if (result instanceof Promise) {
          result.catch((error: unknown) => {
            if (!isReport) this.#report(error);
          });
        }
      } catch (error) {
        this.#report(error);
      }
    }
  }

  #report(error: unknown): void {
    if (this.#isReporting) return;
    this.#isReporting = true;
    try {
      this.#onThrow(error);
    } finally {
      this.#isReporting = false;
    }
  }
}
