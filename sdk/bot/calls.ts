/**
 * A promise that knows whether anybody waits for it: what a handler started and forgot is waited for in its place, and
 * when that fails, it is the handler that failed.
 */
class ObservedPromise<Value> extends Promise<Value> {
  isObserved = false;

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise
  override then<Result1 = Value, Result2 = never>(
    onFulfilled?: ((value: Value) => Result1 | PromiseLike<Result1>) | null,
    onRejected?: ((reason: unknown) => Result2 | PromiseLike<Result2>) | null,
  ): Promise<Result1 | Result2> {
    this.isObserved = true;
    return super.then(onFulfilled, onRejected);
  }
}

/** What a handler has asked for and what is not done yet. */
export class Calls {
  readonly #pending = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  /** Takes a call; what it answers is to be given to the handler. */
  track<Value>(call: Promise<Value>): Promise<Value> {
    const observed = new ObservedPromise<Value>((resolve, reject) => void call.then(resolve, reject));
    const settled: Promise<void> = call.then(
      () => {},
      (error: unknown) => {
        if (observed.isObserved) return;
        // Nobody will hear of it otherwise, and unheard it would end the process
        observed.catch(() => {});
        this.#failure ??= { error };
      },
    );
    this.#pending.add(settled);
    void settled.then(() => this.#pending.delete(settled));
    return observed;
  }

  /** Resolves when everything is done. @throws what a call failed with that nobody waited for */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    if (this.#failure) throw this.#failure.error;
  }
}
