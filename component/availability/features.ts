import type { Clock } from "../../src/clock.js";
import { capsHash, featuresIn } from "../../src/caps-hash.js";
import { NS } from "../../src/namespaces.js";
import { xml, type Element } from "../../src/xml.js";
import type { Sender } from "../capability.js";
import type { Caps } from "./availability.js";

/** Kinds of apps whose features are remembered; there are a few hundred versions of apps in the world. */
const MAX_KINDS = 500;

/** What one kind may make us remember: real apps have about 60 features of 40 characters. */
const MAX_KIND_CHARS = 16_384;

/** How long an app may take to answer; one on a phone has to be woken first. */
const TIMEOUT_MS = 15_000;

/** An app that did not answer is not asked again for so long. */
export const ASK_AGAIN_MS = 60_000;

/** What one resource itself told, for as long as it is online with these caps. */
interface Told {
  readonly caps: Caps | undefined;
  features?: ReadonlySet<string>;
  failedAtMs?: number;
}

/** A question that is on its way. */
interface Question {
  readonly answer: Promise<ReadonlySet<string> | undefined>;
  /** Whoever was asked has gone, and whoever waits learns nothing: the answer of its next session is another. */
  readonly giveUp: () => void;
}

/**
 * What apps can do: known by the hash that they announce, once an answer was seen that has this hash.
 *
 * An answer that does not fit its hash counts for the app that gave it and for no other.
 * Source: XEP-0115 §5.4, §8.1
 */
export class Features {
  readonly #link: Sender;
  readonly #clock: Clock;
  readonly #kinds = new Map<string, ReadonlySet<string>>();
  readonly #told = new Map<string, Told>();
  /** By full JID, and by the kind that one of them is asked for. */
  readonly #asking = new Map<string, Question>();

  /** @param link over which apps are asked @param clock for how long a silent one is left alone */
  constructor(link: Sender, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
  }

  /** The features of an available app; `undefined` when it does not answer. */
  async of(jid: string, caps: Caps | undefined): Promise<ReadonlySet<string> | undefined> {
    const kind = kindOf(caps);
    // Thousands of the same app come back at once after a restart: one of them is asked
    const isAsked = kind === undefined ? undefined : this.#asking.get(kind);
    if (isAsked) await isAsked.answer;
    const known = this.#known(kind);
    if (known) return known;
    const told = this.#toldBy(jid, caps);
    if (told.features) return told.features;
    if (told.failedAtMs !== undefined && this.#clock.monotonicMs() - told.failedAtMs < ASK_AGAIN_MS)
      return undefined;
    return (this.#asking.get(jid) ?? this.#begin(jid, kind, told)).answer;
  }

  /** Forgets what an app told that has gone. */
  forget(jid: string): void {
    this.#told.delete(jid);
    this.#asking.get(jid)?.giveUp();
  }

  #known(kind: string | undefined): ReadonlySet<string> | undefined {
    const features = kind === undefined ? undefined : this.#kinds.get(kind);
    if (!features || kind === undefined) return undefined;
    // What was used last is kept longest
    this.#kinds.delete(kind);
    this.#kinds.set(kind, features);
    return features;
  }

  #toldBy(jid: string, caps: Caps | undefined): Told {
    const told = this.#told.get(jid);
    if (told && isSame(told.caps, caps)) return told;
    const fresh: Told = { caps };
    this.#told.set(jid, fresh);
    return fresh;
  }

  #begin(jid: string, kind: string | undefined, told: Told): Question {
    const keys = [jid, ...(kind !== undefined && !this.#asking.has(kind) ? [kind] : [])];
    let giveUp = (): void => undefined;
    const end = (): void => {
      for (const key of keys) if (this.#asking.get(key) === question) this.#asking.delete(key);
    };
    const gone = new Promise<undefined>((resolve) => {
      giveUp = () => {
        end();
        resolve(undefined);
      };
    });
    const answer = Promise.race([this.#ask(jid, told), gone]).finally(end);
    const question: Question = { answer, giveUp };
    for (const key of keys) this.#asking.set(key, question);
    return question;
  }

  async #ask(jid: string, told: Told): Promise<ReadonlySet<string> | undefined> {
    const { caps } = told;
    // XEP-0115 §6.2
    const node = caps && `${caps.node}#${caps.ver}`;
    const query = xml("query", { xmlns: NS.discoInfo, node });
    try {
      const answer = await this.#link.request(xml("iq", { type: "get", to: jid }, query), {
        timeoutMs: TIMEOUT_MS,
      });
      const info = answer.getChild("query", NS.discoInfo);
      told.features = new Set(info ? featuresIn(info) : []);
      if (info && caps) this.#remember(info, caps, told.features);
      return told.features;
    } catch {
      told.failedAtMs = this.#clock.monotonicMs();
      return undefined;
    }
  }

  #remember(info: Element, caps: Caps, features: ReadonlySet<string>): void {
    const kind = kindOf(caps);
    if (kind === undefined || caps.hash === undefined || capsHash(info, caps.hash) !== caps.ver) return;
    let chars = 0;
    for (const feature of features) chars += feature.length;
    if (chars > MAX_KIND_CHARS) return;
    const oldest = this.#kinds.keys().next().value;
    if (this.#kinds.size >= MAX_KINDS && oldest !== undefined) this.#kinds.delete(oldest);
    this.#kinds.set(kind, features);
  }
}

function kindOf(caps: Caps | undefined): string | undefined {
  return caps?.hash === undefined ? undefined : `${caps.hash} ${caps.ver}`;
}

function isSame(one: Caps | undefined, other: Caps | undefined): boolean {
  return one?.hash === other?.hash && one?.node === other?.node && one?.ver === other?.ver;
}
