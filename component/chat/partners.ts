import type { Clock, EpochMs } from "../../src/clock.js";
import type { Language } from "../languages/language.js";
import { type Bucket, type Rate, take } from "../sign-up/limits.js";

/** What is remembered of somebody who chats with the component, for a while. */
export interface Partner {
  /** The language of the last word that left no doubt. */
  language: Language | undefined;
  /** Until when nothing that is not understood is answered. */
  quietUntil: EpochMs;
  /** Until when `yes` gives the number up. */
  confirmUntil: EpochMs;
  bucket: Bucket | undefined;
  /** Ids of the last messages. */
  readonly ids: string[];
  /** Ends when what was said before is answered. */
  last: Promise<void>;
  seenAt: EpochMs;
}

/** Somebody forgotten has only to say it again. */
const MAX_PARTNERS = 10_000;
const PARTNER_TTL_MS = 3_600_000;
const MAX_IDS = 20;
/** So many lines at once, and one more every so many seconds: faster than that only programs write. */
const LINES: Rate = { burst: 20, everySeconds: 10 };

/** Whom the component chats with. */
export class Partners {
  readonly #clock: Clock;
  readonly #partners = new Map<string, Partner>();

  /** @param clock what is remembered expires by it */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What is remembered of an account (bare JID). */
  of(account: string): Partner {
    const now = this.#clock.now();
    const known = this.#partners.get(account);
    this.#partners.delete(account);
    const partner = known && now - known.seenAt < PARTNER_TTL_MS ? known : newPartner();
    partner.seenAt = now;
    this.#partners.set(account, partner);
    if (this.#partners.size > MAX_PARTNERS) this.#partners.delete(this.#partners.keys().next().value ?? "");
    return partner;
  }

  /** Whether one more line may be answered. */
  mayAnswer(partner: Partner): boolean {
    const taken = take(partner.bucket, LINES, this.#clock.now());
    if (taken.isTaken) partner.bucket = taken.bucket;
    return taken.isTaken;
  }

  /** Whether this message came for the first time; one without an id always does. */
  isNew(partner: Partner, id: string | undefined): boolean {
    if (id === undefined) return true;
    if (partner.ids.includes(id)) return false;
    partner.ids.push(id);
    if (partner.ids.length > MAX_IDS) partner.ids.shift();
    return true;
  }
}

function newPartner(): Partner {
  return {
    language: undefined,
    quietUntil: 0,
    confirmUntil: 0,
    bucket: undefined,
    ids: [],
    last: Promise.resolve(),
    seenAt: 0,
  };
}
