import { StanzaError } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import { isPhoneNumber, type PhoneNumber } from "../../src/phone-number.js";
import { requireAttribute, xml, type Element } from "../../src/xml.js";
import type { Context, IqRequest } from "../capability.js";
import type { Remote } from "../store/operations.js";
import type { Changes } from "./changes.js";
import type { ContactOperations } from "./store.js";

/** Items of one request. */
const MAX_ITEMS = 200;

/** What blocking needs. */
export type BlockingPorts = Pick<
  Context,
  "availability" | "clock" | "config" | "link" | "numbers" | "vault"
> & {
  readonly store: Remote<ContactOperations>;
  readonly changes: Changes;
};

/**
 * Blocks numbers within the component, for every app and device of a person.
 *
 * Whoever is blocked is not told: messages are accepted and go nowhere, presence is that of somebody who is not there.
 * Source: XEP-0191, with the component in place of the server
 */
export class Blocking {
  readonly #ports: BlockingPorts;
  /** Resources (full JIDs) that have asked for the list and are told of its changes, by account. */
  readonly #readers = new Map<string, Set<string>>();

  constructor(ports: BlockingPorts) {
    this.#ports = ports;
    ports.availability.onUnavailable((fullJid) => this.#leave(fullJid));
  }

  /** Answers the block list. Source: XEP-0191 §3.1 */
  async list({ from }: IqRequest): Promise<Element> {
    this.#requireOurs(from);
    // Of who shows itself nowhere the end would not be heard of
    if (this.#ports.availability.isAvailable(from.toString()))
      this.#readers.set(from.bare, (this.#readers.get(from.bare) ?? new Set()).add(from.toString()));
    const items = this.#items(await this.blocked(from.bare));
    return xml("blocklist", { xmlns: NS.blocking }, ...items);
  }

  /** Source: XEP-0191 §3.2. @throws {StanzaError} `bad-request`, `item-not-found`, `registration-required` */
  async block({ from, payload }: IqRequest): Promise<undefined> {
    this.#requireOurs(from);
    const numbers = this.#readItems(payload);
    if (numbers.length === 0) throw new StanzaError("bad-request", "there is nobody to block");
    await this.set(from.bare, numbers, true);
  }

  /** Ends the block of some numbers, or of all when none is named. Source: XEP-0191 §3.3, §3.4 */
  async unblock({ from, payload }: IqRequest): Promise<undefined> {
    this.#requireOurs(from);
    const named = this.#readItems(payload);
    const numbers = named.length > 0 ? named : await this.blocked(from.bare);
    await this.set(from.bare, numbers, false);
  }

  /** The numbers that an account (bare JID) has blocked here. */
  async blocked(jid: string): Promise<PhoneNumber[]> {
    const blocks = await this.#ports.store.blocksOf(jid);
    return blocks.filter(({ isHere }) => isHere).map(({ sealed }) => this.#ports.vault.openNumber(sealed));
  }

  /** Blocks numbers for an account (bare JID), or ends that, and tells its other resources. @throws {StanzaError} */
  async set(jid: string, numbers: readonly PhoneNumber[], isBlocked: boolean): Promise<void> {
    const done: PhoneNumber[] = [];
    try {
      for (const number of numbers) {
        await this.#set(jid, number, isBlocked);
        done.push(number);
      }
    } finally {
      if (done.length > 0) this.#push(jid, done, isBlocked);
    }
  }

  // XEP-0191 §3.2, §3.3
  #push(account: string, numbers: readonly PhoneNumber[], isBlocked: boolean): void {
    const { link, config } = this.#ports;
    if (!link.isOnline) return;
    for (const to of this.#readers.get(account) ?? []) {
      const change = xml(isBlocked ? "block" : "unblock", { xmlns: NS.blocking }, ...this.#items(numbers));
      link.send(xml("iq", { type: "set", id: newId(), from: config.link.domain, to }, change));
    }
  }

  #leave(fullJid: string): void {
    const account = fullJid.split("/", 1)[0] ?? "";
    const readers = this.#readers.get(account);
    readers?.delete(fullJid);
    if (readers?.size === 0) this.#readers.delete(account);
  }

  #items(numbers: readonly PhoneNumber[]): Element[] {
    return numbers.map((number) => xml("item", { jid: `${number}@${this.#ports.config.link.domain}` }));
  }

  async #set(jid: string, number: PhoneNumber, isBlocked: boolean): Promise<void> {
    const { store, vault, clock, changes } = this.#ports;
    const outcome = await store.block({
      jid,
      numberHash: vault.hashNumber(number),
      numberSealed: vault.sealNumber(number),
      place: "here",
      isBlocked,
      now: clock.now(),
    });
    if (outcome.kind !== "done") throw refusal(outcome.kind);
    const { me, other, tellMe, tellThem, before, after } = outcome;
    if (!other || !before || !after) return;
    const change = { me, other, tellMe, tellThem, before, after };
    await (isBlocked ? changes.carryOutBlock(change) : changes.carryOut(change));
  }

  #readItems(payload: Element): PhoneNumber[] {
    const items = payload.getChildren("item");
    if (items.length > MAX_ITEMS) throw new StanzaError("policy-violation", `at most ${MAX_ITEMS} at once`);
    return items.map((item) => {
      const jid = Jid.tryParse(requireAttribute(item, "jid"));
      if (!jid) throw new StanzaError("jid-malformed", "not an address");
      if (jid.domain !== this.#ports.config.link.domain || !isPhoneNumber(jid.local))
        throw new StanzaError("item-not-found", "only numbers of this service can be blocked here");
      return jid.local;
    });
  }

  #requireOurs(from: Jid): void {
    if (from.domain === this.#ports.config.host.domain && from.local !== "") return;
    throw new StanzaError("forbidden", "only accounts of this service have a block list here");
  }
}

function refusal(kind: "no-number" | "too-many"): StanzaError {
  return kind === "no-number"
    ? new StanzaError("registration-required", "link your phone number to this account first")
    : new StanzaError("resource-constraint", "too many numbers are blocked already", { type: "cancel" });
}
