import { StanzaError } from "../../src/errors.js";
import type { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import { attribute, childElements, namespaceOf, xml, type Element } from "../../src/xml.js";
import { Buckets } from "../buckets.js";
import type { Context, IqRequest, Stanza } from "../capability.js";
import type { ContactOperations } from "../contacts/store.js";
import type { Remote } from "../store/operations.js";
import { countElements, scrub, type Renaming } from "./scrub.js";

/** Elements of a call's life. Source: XEP-0353 §3, §4 */
export const CALL_MESSAGES = [
  "propose",
  "ringing",
  "proceed",
  "accept",
  "reject",
  "retract",
  "finish",
] as const;

/** A session description of a video call with all its candidates has about 15,000 characters and 200 elements. */
const MAX_CHARS = 64 * 1024;
const MAX_ELEMENTS = 1_500;

/** An app asks a person before it answers some requests. */
const TIMEOUT_MS = 30_000;

/** Requests and call messages of one account: a call trickles some dozens of candidates. */
const AT_ONCE = 600;
const A_DAY = 50_000;

/** Apps that spoke through a number and can be answered, though presence does not tell of them. */
const MAX_RECENT = 20_000;

/** What passing things on needs. */
export type PassingPorts = Pick<Context, "availability" | "clock" | "config" | "link" | "numbers"> & {
  readonly contacts: Remote<ContactOperations>;
};

/** Who speaks to whom, by account and by number. */
interface Parties {
  /** The app that speaks: its own full JID, and the one that the other side sees. */
  readonly speaker: { readonly jid: Jid; readonly shown: string; readonly numberJid: string };
  readonly other: { readonly jid: string; readonly numberJid: string };
}

/**
 * Passes requests and call messages between apps that know each other by number only.
 *
 * Only what is named in the routes passes, in both directions with the addresses of the one side put in place of the
 * other's. What reaches an account comes from the number of whoever sent it, decided by the sender that the server stamped.
 * Source: XEP-0166 §5, XEP-0353 §3
 */
export class Passing {
  readonly #ports: PassingPorts;
  readonly #buckets: Buckets;
  readonly #recent = new Map<string, string>();

  constructor(ports: PassingPorts) {
    this.#ports = ports;
    this.#buckets = new Buckets(ports.clock, AT_ONCE, A_DAY);
  }

  /** Passes a request to an app behind a number, and its answer back. @throws {StanzaError} what the app answered, too */
  async request(type: "get" | "set", request: IqRequest): Promise<Element | undefined> {
    const { from, to, payload } = request;
    checkSize(payload);
    const parties = await this.#parties(from, to);
    const app = parties && this.#appAt(to, parties);
    // RFC 6121 §8.5.3.2.3: nobody is there, or nobody for this one
    if (!parties || app === undefined)
      throw new StanzaError("service-unavailable", "there is no such app of this number");
    const passed = scrub(payload, outward(parties, to, app));
    const iq = xml("iq", { type, from: parties.speaker.shown, to: app }, passed);
    const answer = await this.#ask(iq);
    const [content] = childElements(answer);
    if (!content) return undefined;
    checkSize(content);
    return scrub(content, inward(parties, to, app));
  }

  /** Passes a call message to one app behind a number, or to all of them. */
  async callMessage({ from, to, type, element }: Stanza): Promise<void> {
    if (element.getChild("body")) throw new StanzaError("bad-request", "a call message has no body");
    const content = childElements(element).find(
      (child) => namespaceOf(child) === NS.jingleMessage && CALL_MESSAGES.some((name) => name === child.name),
    );
    if (!content) throw new StanzaError("bad-request", "there is no call message");
    checkSize(content);
    const parties = await this.#parties(from, to);
    // Who is blocked hears it ring for ever
    if (!parties) return;
    const { availability, link } = this.#ports;
    const app = this.#appAt(to, parties);
    const all = to.isFull ? [] : availability.resourcesOf(parties.other.jid).map(({ jid }) => jid);
    const apps = app === undefined ? all : [app];
    const id = attribute(element, "id");
    for (const one of apps) {
      const passed = scrub(content, outward(parties, to, one));
      const head = { from: parties.speaker.shown, to: one, type: type ?? "chat", id };
      // XEP-0334 §4.3: every app gets its own, and none a copy of another's
      link.send(xml("message", head, passed, noCopy(), noStore()));
    }
  }

  /** `undefined` when either has blocked the other. */
  async #parties(from: Jid, to: Jid): Promise<Parties | undefined> {
    const { config, contacts, numbers } = this.#ports;
    if (from.domain !== config.host.domain || !from.isFull)
      throw new StanzaError("forbidden", "only accounts of this service may ask");
    if (!this.#buckets.take(from.bare))
      throw new StanzaError("resource-constraint", "too much at once; try again later");
    const hash = numbers.hashOf(to);
    if (!hash) throw new StanzaError("item-not-found", "this is not a phone number");
    const { asker, person, isBlocked } = await contacts.acquaintance(from.bare, hash);
    if (!asker)
      throw new StanzaError("registration-required", "link your phone number to this account first");
    if (!person) throw new StanzaError("item-not-found", "nobody can be reached under this number");
    if (isBlocked) return undefined;
    const numberJid = numbers.jidOf(asker.number);
    const shown = numbers.appJid(numberJid, from.toString());
    this.#remember(shown, from.toString());
    return {
      speaker: { jid: from, shown, numberJid },
      other: { jid: person.jid, numberJid: to.bare },
    };
  }

  /** The full JID of the app that is shown at a full number JID. */
  #appAt(to: Jid, { other }: Parties): string | undefined {
    if (!to.isFull) return undefined;
    const { availability, numbers } = this.#ports;
    const shown = to.toString();
    const there = availability
      .resourcesOf(other.jid)
      .find(({ jid }) => numbers.appJid(other.numberJid, jid) === shown);
    const recent = this.#recent.get(shown);
    // A number that went to another account takes nobody's apps along
    return there?.jid ?? (recent?.startsWith(`${other.jid}/`) === true ? recent : undefined);
  }

  #remember(shown: string, jid: string): void {
    this.#recent.delete(shown);
    this.#recent.set(shown, jid);
    const oldest = this.#recent.keys().next().value;
    if (this.#recent.size > MAX_RECENT && oldest !== undefined) this.#recent.delete(oldest);
  }

  async #ask(iq: Element): Promise<Element> {
    try {
      return await this.#ports.link.request(iq, { timeoutMs: TIMEOUT_MS });
    } catch (error) {
      if (!(error instanceof StanzaError))
        throw new StanzaError("remote-server-timeout", "the app did not answer", { cause: error });
      // The condition is the app's; its words, or its server's, could name the account
      const { condition, type, applicationCondition, applicationNamespace } = error;
      throw new StanzaError(condition, "the app refused", {
        type,
        cause: error,
        ...(applicationCondition === undefined ? {} : { applicationCondition }),
        ...(applicationNamespace === undefined ? {} : { applicationNamespace }),
      });
    }
  }
}

/** Towards the other: the speaker as a number, the addressee as the account. */
function outward({ speaker, other }: Parties, to: Jid, app: string): Renaming[] {
  return [
    { from: speaker.jid.toString(), to: speaker.shown },
    { from: to.toString(), to: app },
    { from: speaker.jid.bare, to: speaker.numberJid },
    { from: other.numberJid, to: other.jid },
  ];
}

/** Back to the speaker. */
function inward(parties: Parties, to: Jid, app: string): Renaming[] {
  return outward(parties, to, app).map(({ from, to: renamed }) => ({ from: renamed, to: from }));
}

function checkSize(payload: Element): void {
  if (countElements(payload) > MAX_ELEMENTS || payload.toString().length > MAX_CHARS)
    throw new StanzaError("policy-violation", "too large to be passed on");
}

function noCopy(): Element {
  return xml("no-copy", { xmlns: NS.hints });
}

function noStore(): Element {
  return xml("no-store", { xmlns: NS.hints });
}
