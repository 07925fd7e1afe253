/** Numbers of which one app is told; a roster has a few hundred. */
const MAX_NUMBERS = 5_000;

/** What one app wants to be told of one number, and was told. */
export interface Interest {
  /** The entity caps that it announced this with; empty for one that only asked for nodes. */
  readonly ver: string;
  /** By wanted node the change that it was told last, empty before the first. */
  readonly told: ReadonlyMap<string, string>;
}

/** What was told while it is not known yet what is wanted; an interest with it is no other app's. */
export const NOT_KNOWN: ReadonlyMap<string, string> = new Map();

/** Interests at one number that are compared with a new one: as many as there are kinds of apps at a time, or more. */
const MAX_LATELY = 8;

/** Who is told of one number. */
interface Watchers {
  readonly apps: Map<string, Interest>;
  /** What apps wanted and were told here lately. */
  readonly lately: Interest[];
}

/**
 * Which apps (full JIDs) want to be told of changes at which number JIDs.
 *
 * An app that shares its presence with a number and announces `+notify` is subscribed by that, until it has gone; so is
 * one that asks for a node itself.
 * There are as many pairs as contacts, and few kinds of apps: interests at one number that are alike are one object.
 * Source: XEP-0163 §4.3.1, §4.3.2
 */
export class Interests {
  readonly #byNumber = new Map<string, Watchers>();
  readonly #byApp = new Map<string, string[]>();
  /** By app and number the nodes that it asked for itself. */
  readonly #asked = new Map<string, Set<string>>();

  /** What an app wants to be told of a number. */
  get(app: string, number: string): Interest | undefined {
    return this.#byNumber.get(number)?.apps.get(app);
  }

  /** Takes an interest in place of the one before; answers whether it was taken: not of one app in too many numbers. */
  set(app: string, number: string, interest: Interest): boolean {
    const watchers = this.#byNumber.get(number) ?? { apps: new Map(), lately: [] };
    if (!watchers.apps.has(app)) {
      const numbers = this.#byApp.get(app) ?? [];
      if (numbers.length >= MAX_NUMBERS) return false;
      numbers.push(number);
      this.#byApp.set(app, numbers);
    }
    this.#byNumber.set(number, watchers);
    watchers.apps.set(app, alike(watchers, interest));
    return true;
  }

  /** An app was told of a change of a node at a number. */
  note(app: string, number: string, node: string, content: string): void {
    const interest = this.get(app, number);
    if (interest) this.set(app, number, { ...interest, told: new Map(interest.told).set(node, content) });
  }

  /**
   * An app asks for one node more, whatever it announces; answers whether there is room for it.
   *
   * Source: XEP-0060 §6.1
   */
  ask(app: string, number: string, node: string): boolean {
    const { ver, told } = this.get(app, number) ?? { ver: "", told: new Map<string, string>() };
    // What is not known yet takes in what was asked for as soon as it is known
    if (told !== NOT_KNOWN && !told.has(node)) {
      if (!this.set(app, number, { ver, told: new Map(told).set(node, "") })) return false;
    }
    const key = `${app} ${number}`;
    this.#asked.set(key, (this.#asked.get(key) ?? new Set()).add(node));
    return true;
  }

  /** The nodes that an app asked for. */
  asked(app: string, number: string): ReadonlySet<string> {
    return this.#asked.get(`${app} ${number}`) ?? new Set();
  }

  /** Ends what an app asked for; what it announces stays. Source: XEP-0060 §6.2 */
  unask(app: string, number: string, node: string): void {
    this.#asked.get(`${app} ${number}`)?.delete(node);
    const interest = this.get(app, number);
    if (interest?.ver !== "") return;
    const told = new Map(interest.told);
    told.delete(node);
    if (told.size === 0) this.remove(app, number);
    else this.set(app, number, { ver: "", told });
  }

  /** The app does not want to be told of this number any more. */
  remove(app: string, number: string): void {
    this.#asked.delete(`${app} ${number}`);
    const apps = this.#byNumber.get(number)?.apps;
    if (!apps?.delete(app)) return;
    if (apps.size === 0) this.#byNumber.delete(number);
    const numbers = this.#byApp.get(app) ?? [];
    const last = numbers.pop();
    if (last !== undefined && last !== number) numbers[numbers.indexOf(number)] = last;
    if (numbers.length === 0) this.#byApp.delete(app);
  }

  /** The numbers of which an app wants to be told. */
  numbersOf(app: string): readonly string[] {
    return [...(this.#byApp.get(app) ?? [])];
  }

  /** Who is told of a number. */
  of(number: string): readonly (readonly [app: string, interest: Interest])[] {
    return [...(this.#byNumber.get(number)?.apps ?? [])];
  }
}

function alike({ lately }: Watchers, interest: Interest): Interest {
  if (interest.told === NOT_KNOWN) return interest;
  const known = lately.find((other) => isAlike(other, interest));
  if (known) return known;
  lately.unshift(interest);
  lately.length = Math.min(lately.length, MAX_LATELY);
  return interest;
}

function isAlike(one: Interest, other: Interest): boolean {
  if (one.ver !== other.ver || one.told.size !== other.told.size) return false;
  for (const [node, content] of one.told) if (other.told.get(node) !== content) return false;
  return true;
}
