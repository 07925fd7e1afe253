import type { Clock } from "../../src/clock.js";
import type { Jid } from "../../src/jid.js";
import { Buckets } from "../buckets.js";
import type { FederationConfig } from "./config.js";

const PERSON_AT_ONCE = 10;
const DOMAIN_AT_ONCE = 60;

/** Of everybody together: domains cost nothing, and only so many buckets are remembered. */
const ALL_AT_ONCE = 600;
const ALL_A_DAY = 200_000;

/**
 * How much people on other servers may send, in all, by domain and by person.
 *
 * In memory: these protect the machine, and what a restart forgets is one burst.
 */
export class StrangerLimits {
  readonly #all: Buckets;
  readonly #domains: Buckets;
  readonly #people: Buckets;

  constructor(clock: Clock, { messagesADay, domainMessagesADay }: FederationConfig) {
    this.#all = new Buckets(clock, ALL_AT_ONCE, ALL_A_DAY);
    this.#domains = new Buckets(clock, Math.min(DOMAIN_AT_ONCE, domainMessagesADay), domainMessagesADay);
    this.#people = new Buckets(clock, Math.min(PERSON_AT_ONCE, messagesADay), messagesADay);
  }

  /** Takes one message; answers whether it may go on. */
  take(from: Jid): boolean {
    // The narrow ones first: who is refused there takes nothing from the others
    return this.#people.take(from.bare) && this.#domains.take(from.domain) && this.#all.take("");
  }
}
