import { newId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import { attribute, escapeXML } from "../../src/xml.js";
import type { Resource } from "../availability/availability.js";
import type { AccountOperations } from "../accounts/store.js";
import type { Addresses, Block, Context, Stanza } from "../capability.js";
import type { ContactOperations } from "../contacts/store.js";
import { sees } from "../contacts/sight.js";
import { openPeer } from "../contacts/stored-peer.js";
import type { Remote } from "../store/operations.js";
import { Turns } from "../turns.js";
import { Interests, NOT_KNOWN, type Interest } from "./interests.js";
import type { LastItems } from "./last-items.js";
import {
  notifyFeature,
  PROFILE_NODES,
  PUSHED_NODES,
  readChange,
  type Change,
  type PushedNode,
} from "./nodes.js";

/** At most one change of a node is passed on in this time: who publishes without end costs others no more. */
const PAUSE_MS = 1_000;

/** So long after the start of the component apps come back of which it does not know to whom they had shown themselves. */
const RESTORE_MS = 10 * 60_000;

/** Apps of which that is read at once: each with everybody whom its person knows. */
const RESTORED_AT_ONCE = 4;

/** What passing on needs. */
export type NotifierPorts = Pick<
  Context,
  "config" | "link" | "numbers" | "clock" | "availability" | "log"
> & {
  readonly accounts: Remote<AccountOperations>;
  readonly contacts: Remote<ContactOperations>;
  readonly lastItems: LastItems;
};

/**
 * Tells apps what changes at number JIDs: OMEMO device lists to all who ask, name and picture to those who may see them.
 *
 * Source: XEP-0163 §4.3, XEP-0384 0.3 §4.2, XEP-0172 §4.3, XEP-0084 §4.2
 */
export class Notifier {
  readonly #ports: NotifierPorts;
  readonly #interests = new Interests();
  readonly #turns = new Turns(RESTORED_AT_ONCE);
  /** What waits for the pause after the one before, by number and node. */
  readonly #pauses = new Map<string, Change | undefined>();
  #startedAtMs: number | undefined;

  constructor(ports: NotifierPorts) {
    this.#ports = ports;
    ports.availability.onUnavailable((app, isLost) => {
      // What was told to an app that is there all the same need not be told again
      if (isLost) return;
      for (const number of this.#interests.numbersOf(app)) this.#interests.remove(app, number);
    });
    ports.availability.onAvailable((resource, isNew) => {
      if (!isNew) return;
      if (this.#isRestoring && this.#interests.numbersOf(resource.jid).length === 0) this.#restore(resource);
      else this.#catchUp(resource.jid);
    });
  }

  /** The link is up: for the first time apps are there that showed themselves before. */
  settle(): void {
    this.#startedAtMs ??= this.#ports.clock.monotonicMs();
  }

  /** An account's server tells of a change. */
  async receive({ from, element }: Stanza): Promise<void> {
    const event = element.getChild("event", NS.pubsubEvent);
    // XEP-0163 §4.3: personal events come from the bare JID, which no client can write from
    if (!event || from.isFull || from.domain !== this.#ports.config.host.domain) return;
    const number = await this.#numberOf(from.bare);
    const change = number === undefined ? undefined : readChange(event, { number, account: from.bare });
    if (number === undefined || !change) return;
    this.#ports.lastItems.put(number, change);
    this.#changed(number, change);
  }

  /** An app shows itself to a number, or does not any more. */
  present({ from, to, type, element }: Stanza): void {
    if (from.domain !== this.#ports.config.host.domain || !from.isFull || to.local === "") return;
    const [app, number] = [String(from), to.bare];
    if (type === "unavailable") this.#interests.remove(app, number);
    const caps = element.getChild("c", NS.caps);
    if (type !== undefined || !caps) return;
    const ver = attribute(caps, "ver") ?? "";
    // Presence is mostly about being away
    if (this.#interests.get(app, number)?.ver === ver) return;
    this.#background(this.#introduce(app, to, ver));
  }

  /** An app that is there asks to be told of a node; it is told the last change at once. Source: XEP-0060 §6.1 */
  async subscribe(app: string, to: Jid, node: string): Promise<void> {
    if (!this.#interests.ask(app, to.bare, node)) return;
    const account = await this.#accountOf(to, app);
    const change = account && (await this.#ports.lastItems.of(to.bare, account, node));
    const ver = this.#interests.get(app, to.bare)?.ver;
    if (change && ver !== undefined) await this.#offer(to.bare, app, ver, change);
  }

  /** Ends that. Source: XEP-0060 §6.2 */
  unsubscribe(app: string, to: Jid, node: string): void {
    this.#interests.unask(app, to.bare, node);
  }

  /** Neither is told of the other any more, until a presence after the end of the block. */
  blocked({ by, blocked }: Block): void {
    for (const [one, other] of [
      [by, blocked],
      [blocked, by],
    ] as const) {
      for (const [app] of this.#interests.of(one.numberJid))
        if (app.startsWith(`${other.jid}/`)) this.#interests.remove(app, one.numberJid);
    }
  }

  /** A number belongs to this account (bare JID) now: who knew the number is told of its keys. */
  async linked(account: string): Promise<void> {
    const number = await this.#numberOf(account);
    if (number === undefined) return;
    for (const { node } of PUSHED_NODES) {
      const change = await this.#ports.lastItems.of(number, account, node);
      if (change) this.#changed(number, change);
    }
  }

  /** Others see more or less of a person, all of them or one account (bare JID): who sees name and picture now is told them. */
  async shown({ jid, numberJid }: Addresses, by?: string): Promise<void> {
    for (const [app, interest] of this.#interests.of(numberJid)) {
      if (by !== undefined && !app.startsWith(`${by}/`)) continue;
      for (const node of interest.told.keys()) {
        if (!PROFILE_NODES.has(node) || !(await this.#isShown(numberJid, app))) continue;
        const change = await this.#ports.lastItems.of(numberJid, jid, node);
        if (change) await this.#offer(numberJid, app, interest.ver, change);
      }
    }
  }

  get #isRestoring(): boolean {
    const since = this.#startedAtMs;
    return since !== undefined && this.#ports.clock.monotonicMs() - since < RESTORE_MS;
  }

  /** An app was there before the component was: whom it shows itself to by subscription stands in the store. */
  #restore(resource: Resource): void {
    this.#background(this.#readInterests(resource));
  }

  async #readInterests(resource: Resource): Promise<void> {
    const { caps, jid } = resource;
    const features = caps && (await this.#ports.availability.featuresOf(jid));
    const wanted = wantedOf(features);
    if (!caps || wanted.length === 0) return;
    const interest = { ver: caps.ver, told: new Map(wanted.map(({ node }) => [node, ""])) };
    await this.#turns.take(() => this.#takeInterest(resource, interest));
    this.#catchUp(jid);
  }

  async #takeInterest({ jid: app, account }: Resource, interest: Interest): Promise<void> {
    const { availability, contacts, numbers } = this.#ports;
    const person = await contacts.personByJid(account);
    if (!person || !availability.isAvailable(app)) return;
    const { settings } = person;
    for (const peer of person.peers) {
      const { number: stored, toPerson, fromPerson, isBlocked } = openPeer(peer);
      const number = numbers.jidOf(stored);
      if (
        !sees("presence", { isSelf: false, settings, toPerson, fromPerson, isBlocked }) ||
        this.#interests.get(app, number)
      )
        continue;
      if (!this.#interests.set(app, number, interest)) return;
    }
  }

  async #introduce(app: string, to: Jid, ver: string): Promise<void> {
    const number = to.bare;
    const before = this.#interests.get(app, number)?.told;
    // At once, so that it is known by then if the app goes, or says something else, while it is asked
    const interest: Interest = { ver, told: NOT_KNOWN };
    if (!this.#interests.set(app, number, interest)) return;
    const isCurrent = (): boolean => this.#interests.get(app, number) === interest;
    const account = await this.#accountOf(to, app);
    const features = account && (await this.#ports.availability.featuresOf(app));
    if (!isCurrent()) return;
    if (!features) return this.#interests.remove(app, number);
    const wanted = wantedOf(features, this.#interests.asked(app, number));
    this.#interests.set(app, number, {
      ver,
      told: new Map(wanted.map(({ node }) => [node, before?.get(node) ?? ""])),
    });
    for (const { node, isProfile } of wanted) {
      if (isProfile && !(await this.#isShown(number, app))) continue;
      const change = await this.#ports.lastItems.of(number, account, node);
      if (change) await this.#offer(number, app, ver, change);
    }
  }

  /** The account behind a number, unless either has blocked the other. */
  async #accountOf(number: Jid, app: string): Promise<string | undefined> {
    const hash = this.#ports.numbers.hashOf(number);
    if (!hash) return undefined;
    const { person, isBlocked } = await this.#ports.contacts.acquaintance(Jid.parse(app).bare, hash);
    return isBlocked ? undefined : person?.jid;
  }

  /** Tells an app what changed between the link's coming up and its own. */
  #catchUp(app: string): void {
    for (const number of this.#interests.numbersOf(app)) {
      const interest = this.#interests.get(app, number);
      for (const node of interest?.told.keys() ?? []) {
        const change = this.#ports.lastItems.peek(number, node);
        if (interest && change) this.#background(this.#offer(number, app, interest.ver, change));
      }
    }
  }

  async #numberOf(account: string): Promise<string | undefined> {
    const row = await this.#ports.accounts.findByJid(account);
    return row && this.#ports.numbers.jidOf({ id: row.numberId, sealed: row.numberSealed });
  }

  #changed(number: string, change: Change): void {
    const key = `${number} ${change.node}`;
    if (this.#pauses.has(key)) return void this.#pauses.set(key, change);
    // From here on, so that what comes while it is told waits
    this.#pauses.set(key, undefined);
    const goOn = (): void => {
      const last = this.#pauses.get(key);
      this.#pauses.delete(key);
      if (last) this.#changed(number, last);
    };
    const tell = async (): Promise<void> => {
      let isTold = false;
      try {
        for (const [app, { ver }] of this.#interests.of(number))
          isTold = (await this.#offer(number, app, ver, change)) || isTold;
      } finally {
        if (isTold) this.#ports.clock.after(PAUSE_MS, goOn);
        else goOn();
      }
    };
    this.#background(tell());
  }

  /** Tells an app of this kind of a change, if it may know; answers whether there was something to tell. */
  async #offer(number: string, app: string, ver: string, change: Change): Promise<boolean> {
    if (!this.#isNews(number, app, ver, change)) return false;
    if (!PROFILE_NODES.has(change.node)) return this.#tell(number, app, ver, change);
    if (!(await this.#isShown(number, app))) return false;
    // What came while it was asked is newer
    return this.#tell(number, app, ver, this.#ports.lastItems.peek(number, change.node) ?? change);
  }

  /** Whether the person behind a number shows an app's account name and picture, as it is decided now. */
  async #isShown(number: string, app: string): Promise<boolean> {
    const hash = this.#ports.numbers.hashOf(Jid.parse(number));
    const known = hash && (await this.#ports.contacts.acquaintance(Jid.parse(app).bare, hash));
    return known?.sees.profile === true;
  }

  /** Answers whether there was something to tell to somebody who is there. Source: XEP-0163 §4.3.3 */
  #tell(number: string, app: string, ver: string, change: Change): boolean {
    const { node, content } = change;
    if (!this.#isNews(number, app, ver, change)) return false;
    if (!this.#ports.link.isOnline || !this.#ports.availability.isAvailable(app)) return false;
    const event = `<event xmlns='${NS.pubsubEvent}'>${content}</event>`;
    this.#ports.link.send(
      `<message type='headline' from='${escapeXML(number)}' to='${escapeXML(app)}' id='${newId()}'>${event}</message>`,
    );
    this.#interests.note(app, number, node, content);
    return true;
  }

  #isNews(number: string, app: string, ver: string, { node, content }: Change): boolean {
    const interest = this.#interests.get(app, number);
    const before = interest?.ver === ver ? interest.told.get(node) : undefined;
    return before !== undefined && before !== content;
  }

  #background(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.#ports.log.debug({ reason: (error as Error).message }, "an app could not be told of a change");
    });
  }
}

function wantedOf(features?: ReadonlySet<string>, asked?: ReadonlySet<string>): PushedNode[] {
  return PUSHED_NODES.filter(({ node }) => features?.has(notifyFeature(node)) || asked?.has(node));
}
