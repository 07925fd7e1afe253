/** Numbers of which one app is told; a roster has a few hundred. */
const MAX_NUMBERS = 5_000;

/** What one app wants to be told of one number, and was told. */
export interface Interest {
  /** The entity caps that it announced this with. */
  readonly ver: string;
  /** By wanted node the change that it was told last, empty before the first; no node while it is not known. */
  readonly told: Map<string, string>;
}

/**
 * Which apps (full JIDs) want to be told of changes at which number JIDs.
 *
 * An app that shares its presence with a number and announces `+notify` is subscribed by that, until it has gone.
 * Source: XEP-0163 §4.3.1, §4.3.2
 */
export class Interests {
  readonly #byNumber = new Map<string, Map<string, Interest>>();
  readonly #byApp = new Map<string, Set<string>>();

  /** What an app wants to be told of a number. */
  get(app: string, number: string): Interest | undefined {
    return this.#byNumber.get(number)?.get(app);
  }

  /** Takes an interest in place of the one before; answers whether it was taken: not of one app in too many numbers. */
  set(app: string, number: string, interest: Interest): boolean {
    const numbers = this.#byApp.get(app) ?? new Set();
    if (!numbers.has(number) && numbers.size >= MAX_NUMBERS) return false;
    const apps = this.#byNumber.get(number) ?? new Map<string, Interest>();
    this.#byApp.set(app, numbers.add(number));
    this.#byNumber.set(number, apps.set(app, interest));
    return true;
  }

  /** The app does not want to be told of this number any more. */
  remove(app: string, number: string): void {
    const apps = this.#byNumber.get(number);
    apps?.delete(app);
    if (apps?.size === 0) this.#byNumber.delete(number);
    const numbers = this.#byApp.get(app);
    numbers?.delete(number);
    if (numbers?.size === 0) this.#byApp.delete(app);
  }

  /** The numbers of which an app wants to be told. */
  numbersOf(app: string): readonly string[] {
    return [...(this.#byApp.get(app) ?? [])];
  }

  /** Who is told of a number. */
  of(number: string): readonly (readonly [app: string, interest: Interest])[] {
    return [...(this.#byNumber.get(number) ?? [])];
  }
}
