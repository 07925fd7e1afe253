import { StanzaError } from "../../src/errors.js";
import type { Jid } from "../../src/jid.js";
import { renameKeyOwner } from "../../src/omemo2.js";
import { attribute, childElements, escapeXML, parseStanzaError } from "../../src/xml.js";
import { NS } from "../../src/namespaces.js";
import { Buckets } from "../buckets.js";
import type { Context, Stanza } from "../capability.js";
import type { ContactOperations } from "../contacts/store.js";
import { messageOffers, receiptOffers } from "../mailbox/offers.js";
import { refusalError } from "../mailbox/service.js";
import type { StoredOutcome, StoredSubmission } from "../mailbox/accept-store.js";
import type { MailboxOperations } from "../mailbox/store.js";
import type { NewReceiptEntry, ReceiptOperations } from "../receipts/store.js";
import type { Remote } from "../store/operations.js";
import type { AppDelivery } from "./delivery.js";
import { strangerJid } from "../federation/address.js";
import { isUndelivered } from "./service.js";
import { readAppMessage, type AppMessage, type Notice } from "./message.js";
import type { AppMailbox, AppOperations } from "./store.js";
import { Submissions } from "./submissions.js";

/** Apps whose mailbox is remembered. */
const MAX_REMEMBERED = 20_000;

/** Messages of one account that pass without being kept: whoever types sends one every few seconds. */
const PASSED_AT_ONCE = 600;
const PASSED_A_DAY = 50_000;

/** What the handler works with. */
export interface AppHandlerPorts {
  readonly context: Context;
  readonly store: Remote<AppOperations>;
  readonly mailbox: Remote<MailboxOperations>;
  readonly receipts: Remote<ReceiptOperations>;
  readonly contacts: Remote<ContactOperations>;
  readonly delivery: AppDelivery;
  /** Brings what is written to somebody on another server. */
  readonly answerStranger: (from: Jid, numberJid: string, to: Jid, message: AppMessage) => Promise<void>;
  /** Is told of an app that wrote and was not known before. */
  readonly onSeen: (app: Jid) => void;
}

interface Sender extends AppMailbox {
  /** The number JID that the account speaks for, and the resource of it under which others are shown this app. */
  readonly numberJid: string;
  readonly resource: string;
}

/** Takes what ordinary apps send to numbers: into mailboxes what is to be kept, and on to who is there what is not. */
export class AppHandler {
  readonly #ports: AppHandlerPorts;
  readonly #senders = new Map<string, Promise<Sender | undefined>>();
  readonly #submissions: Submissions<Sender>;
  readonly #passed: Buckets;

  constructor(ports: AppHandlerPorts) {
    this.#ports = ports;
    this.#submissions = new Submissions((sender, submissions) => this.#submit(sender, submissions));
    this.#passed = new Buckets(ports.context.clock, PASSED_AT_ONCE, PASSED_A_DAY);
  }

  /** Takes a message to a number; one of a device that speaks the mailbox protocol is none of ours. */
  take(stanza: Stanza): Promise<void> | undefined {
    if (this.#ports.context.exchange.isAttached(stanza.from.toString())) return undefined;
    return this.#take(stanza);
  }

  /** Takes a message that came back. */
  bounced({ from, to, element }: Stanza): void {
    const id = attribute(element, "id");
    if (id === undefined || !from.isFull) return;
    const error = parseStanzaError(element.getChild("error"));
    const { delivery, store, context } = this.#ports;
    if (delivery.bounced(from.toString(), to.bare, id, error) || !isUndelivered(error)) return;
    const senderHash = context.numbers.hashOf(to);
    if (!senderHash) return;
    store
      .notSentById({ account: from.bare, resource: from.resource, senderHash, id })
      .catch((reason: Error) => {
        context.log.error({ reason: reason.message }, "an app's mailbox could not be worked on");
      });
  }

  /** Forgets what was remembered of an account (bare JID). */
  forget(account: string): void {
    for (const fullJid of this.#senders.keys())
      if (fullJid.startsWith(`${account}/`)) this.#senders.delete(fullJid);
  }

  /** Puts receipts that were committed on their way to the senders. */
  offerReceipts(made: readonly NewReceiptEntry[]): void {
    if (made.length === 0) return;
    const { context } = this.#ports;
    context.exchange.offer(receiptOffers(context, made));
  }

  async #take(stanza: Stanza): Promise<void> {
    const { from } = stanza;
    const { config } = this.#ports.context;
    if (from.domain !== config.host.domain || !from.isFull)
      throw new StanzaError("forbidden", "only accounts of this service may write to numbers");
    // What comes to the service itself can be a receipt for what it wrote: whoever has no number got nothing
    const isToService = stanza.to.local === "";
    const sender = isToService ? await this.#known(from) : await this.#required(from);
    if (!sender) return;
    // Own devices of the sender are named by the account, which others are not to learn; XEP-0384 0.8 §5.5
    renameKeyOwner(childElements(stanza.element), from.bare, sender.numberJid);
    const message = readAppMessage(stanza);
    for (const notice of message.notices) await this.#notice(sender, stanza, notice);
    if (isToService) return;
    if (strangerJid(stanza.to.local))
      return this.#ports.answerStranger(from, sender.numberJid, stanza.to, message);
    if (message.payload !== "") await this.#accept(sender, stanza, message);
    if (message.passing !== "") await this.#pass(sender, stanza, message.passing);
  }

  async #required(from: Jid): Promise<Sender> {
    const sender = await this.#known(from);
    if (sender) return sender;
    this.#ports.context.events.numberMissing(from.toString());
    throw new StanzaError("registration-required", "link a phone number to your account to write to numbers");
  }

  // Everything that comes while a sender is looked up waits for the same answer, so that nothing is overtaken
  #known(from: Jid): Promise<Sender | undefined> {
    const fullJid = from.toString();
    const known = this.#senders.get(fullJid);
    if (known) return known;
    const looked = this.#look(from);
    const forget = (): void => {
      if (this.#senders.get(fullJid) === looked) this.#senders.delete(fullJid);
    };
    looked.then((sender) => sender ?? forget(), forget);
    if (this.#senders.size >= MAX_REMEMBERED) this.#senders.clear();
    this.#senders.set(fullJid, looked);
    return looked;
  }

  async #look(from: Jid): Promise<Sender | undefined> {
    const { store, context } = this.#ports;
    const app = { account: from.bare, resource: from.resource, now: context.clock.now() };
    const mailbox = await store.seen(app);
    if (!mailbox) return undefined;
    const numberJid = context.numbers.jidOf(mailbox.number);
    const resource = context.numbers.appResource(numberJid, from.toString());
    this.#ports.onSeen(from);
    return { ...mailbox, numberJid, resource };
  }

  async #accept(sender: Sender, { from, to }: Stanza, message: AppMessage): Promise<void> {
    const { context } = this.#ports;
    const toHash = context.numbers.hashOf(to);
    if (!toHash) throw refusalError("no-such-number");
    const { id, payload, traits, identity } = message;
    const digest = context.vault.keyedHash("message", `${to.local}\0${identity}`).subarray(0, 16);
    const submission = { id, toHash, payload, digest, app: traits };
    const outcome = await this.#submissions.add(sender, submission);
    if (outcome) return this.#tell(sender, to, message, outcome);
    // The mailbox was given up meanwhile
    if ((await this.#senders.get(from.toString())) === sender) this.#senders.delete(from.toString());
    return this.#accept(await this.#required(from), { from, to } as Stanza, message);
  }

  async #submit(
    { account, device, resource }: Sender,
    submissions: readonly StoredSubmission[],
  ): Promise<readonly StoredOutcome[] | undefined> {
    const { context, mailbox } = this.#ports;
    const [now, limits] = [context.clock.now(), context.config.mailbox];
    const result = await mailbox.accept({ account, device, resource }, submissions, now, limits);
    if (result) this.offerReceipts(result.receipts);
    return result?.outcomes;
  }

  #tell(sender: Sender, to: Jid, { id, payload }: AppMessage, outcome: StoredOutcome): void {
    const { metrics, exchange } = this.#ports.context;
    if ("refusal" in outcome) {
      metrics.messages.inc({ outcome: outcome.refusal });
      throw refusalError(outcome.refusal);
    }
    const { isDuplicate, acceptedAt, entries } = outcome;
    metrics.messages.inc({ outcome: isDuplicate ? "duplicate" : "accepted" });
    const { numberJid, resource } = sender;
    const content = { from: numberJid, resource, to: to.bare, id, at: acceptedAt, payload };
    exchange.offer(messageOffers(content, entries));
  }

  async #notice(sender: Sender, { from, to }: Stanza, { kind, id }: Notice): Promise<void> {
    const { context, store, receipts, delivery } = this.#ports;
    // The service announces under its own domain
    const senderHash =
      to.local === "" || strangerJid(to.local)
        ? context.vault.hashLocalpart(to.local)
        : context.numbers.hashOf(to);
    if (!senderHash) return;
    const now = context.clock.now();
    const session = delivery.sessionOf(from.toString());
    if (!session || !delivery.received(session, to.bare, id))
      this.offerReceipts(await store.endById(sender.device, senderHash, id, now));
    // XEP-0333 §4.3; of a message that never came to this account nothing can be said
    if (kind === "displayed") this.offerReceipts((await receipts.read(sender, senderHash, id, now)) ?? []);
  }

  // XEP-0334 §4.2, XEP-0085 §5.1: what is not to be kept goes to who is there
  async #pass(sender: Sender, { from, to }: Stanza, passing: string): Promise<void> {
    const { context, contacts } = this.#ports;
    const { availability, exchange, link, numbers } = context;
    const hash = numbers.hashOf(to);
    if (!hash || !this.#passed.take(from.bare)) return;
    const { person, isBlocked } = await contacts.acquaintance(from.bare, hash);
    // Whoever is blocked is told nothing of it
    if (!person || isBlocked || !link.isOnline) return;
    const apps = availability.resourcesOf(person.jid).filter(({ jid }) => !exchange.isAttached(jid));
    const rest = `${passing}<no-store xmlns='${NS.hints}'/><no-copy xmlns='${NS.hints}'/></message>`;
    // XEP-0085 §5.4: a chat state is that of one app
    const speaker = `${sender.numberJid}/${sender.resource}`;
    for (const { jid } of apps)
      link.send(`<message type='chat' from='${speaker}' to='${escapeXML(jid)}'>${rest}`);
  }
}
