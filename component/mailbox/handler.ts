import { StanzaError, TwotickError } from "../../src/errors.js";
import type { MessageId } from "../../src/ids.js";
import type { Jid } from "../../src/jid.js";
import { readAttach, writeAttached } from "../../src/mailbox-attach.js";
import {
  readAcknowledgement,
  readSubmit,
  writeSubmitted,
  type Acknowledgement,
  type Submission,
  type Submit,
  type SubmitOutcome,
} from "../../src/mailbox-submit.js";
import { NS } from "../../src/namespaces.js";
import { FRAME_VERSION } from "../../src/frame.js";
import { xml, type Element } from "../../src/xml.js";
import type { Context, IqRequest, Stanza } from "../capability.js";
import type { Numbers } from "../numbers.js";
import type { NewReceiptEntry, ReceiptOperations } from "../receipts/store.js";
import type { Remote } from "../store/operations.js";
import type { StoredSubmission } from "./accept-store.js";
import type { AttachRequest, OpenedMailbox } from "./attach-store.js";
import type { Offer, Session } from "./delivery-ports.js";
import type { Delivery } from "./delivery.js";
import { takeFrame } from "./frames.js";
import { offerGeneration, openClaim, openGeneration } from "./generation.js";
import { messageOffers, receiptOffers } from "./offers.js";
import { prove } from "./proof.js";
import { refusalError } from "./service.js";
import type { MailboxOperations } from "./store.js";
import { issueNonce, issueToken } from "./tokens.js";

const DAY_MS = 86_400_000;

/** What the mailbox's handlers work with. */
export interface MailboxPorts {
  readonly context: Context;
  readonly store: Remote<MailboxOperations>;
  /** The same, for acknowledgements: no message waits for the sync of one. */
  readonly unhurried: Remote<MailboxOperations>;
  readonly receipts: Remote<ReceiptOperations>;
  readonly delivery: Delivery;
  readonly numbers: Numbers;
}

/** Turns the stanzas of the mailbox protocol into calls: attach, submit, acknowledge. */
export class MailboxHandler {
  readonly #ports: MailboxPorts;

  constructor(ports: MailboxPorts) {
    this.#ports = ports;
  }

  /** Gives a nonce that the device signs to attach. */
  async challenge({ from }: IqRequest): Promise<Element> {
    this.#requireLocal(from);
    const { vault, clock } = this.#ports.context;
    return xml("challenge", { xmlns: NS.mailbox, nonce: issueNonce(vault, from.toString(), clock.now()) });
  }

  /** Opens a device's mailbox. @throws {StanzaError} `not-authorized` when it is not proven to be that device */
  async attach({ from, payload }: IqRequest): Promise<Element> {
    this.#requireLocal(from);
    const attach = readAttach(payload);
    const { context, delivery, numbers } = this.#ports;
    const proof = prove(context, from, attach);
    const { device: deviceId, last } = attach;
    const now = context.clock.now();
    const claim = attach.generation && openClaim(context.vault, attach.generation);
    const request = { account: from.bare, fullJid: from.toString(), deviceId, proof, last, claim, now };
    const earlier = await this.#open(request);
    // What an earlier session sent in vain counts before the first entry in line is judged
    const isJudged = !delivery.supersede(earlier.device, last, request.fullJid);
    const opened = isJudged ? earlier : await this.#open(request);
    context.metrics.attaches.inc({ proof: "keyHash" in proof ? "key" : "token" });
    const isFramed = (attach.frame ?? 0) >= FRAME_VERSION;
    const session = { ...this.#session(from, opened), isFramed };
    delivery.open(session, opened.acknowledged, opened.isCautious);
    if (earlier.hasSetAside || opened.hasSetAside) {
      context.metrics.entriesSetAside.inc();
      context.log.warn(
        { device: deviceId },
        "an entry was set aside: it was delivered too often without an acknowledgement",
      );
    }
    this.offerReceipts(isJudged ? opened.receipts : [...earlier.receipts, ...opened.receipts]);
    const expiresAt = now + context.config.mailbox.tokenDays * DAY_MS;
    const token = issueToken(context.vault, {
      account: from.bare,
      deviceId,
      mailbox: opened.device,
      generation: opened.tokenGeneration,
      expiresAt,
    });
    const generation = claim && offerGeneration(context.vault, opened.device, opened.generation);
    return writeAttached({
      number: numbers.jidOf(opened.number),
      token,
      tokenExpiresAt: expiresAt,
      generation,
      ...(isFramed && { frame: FRAME_VERSION }),
    });
  }

  async #open(request: AttachRequest): Promise<OpenedMailbox> {
    const opened = await this.#ports.store.attach(request).catch((error: unknown) => {
      throw refusedAttach(error);
    });
    if (opened) return opened;
    throw new StanzaError("not-authorized", "this device is not bound to the account", {
      applicationCondition: "unknown-device",
    });
  }

  /** Notes that a device has made the generation of its store durable; one that another copy overtook is closed. */
  async confirm({ from, element }: Stanza): Promise<void> {
    const { delivery, store, context } = this.#ports;
    const session = delivery.sessionOf(from.toString());
    const token = element.getChild("generation", NS.mailbox)?.getText();
    if (!session) return delivery.tellDetached(from.toString(), "the mailbox is not open");
    const generation = openGeneration(context.vault, token ?? "");
    if (await store.confirmGeneration(session.device, generation)) return;
    delivery.close(session.fullJid, "another copy of this device's store was used");
  }

  /** Closes the mailbox: nothing is sent until the next attach. */
  async detach({ from }: IqRequest): Promise<undefined> {
    this.#ports.delivery.close(from.toString());
  }

  /** Takes messages into the mailboxes of their recipients; the answer says what is durable now. */
  async submit({ from, payload }: IqRequest): Promise<string> {
    return writeSubmitted(await this.#submit(this.#requireSession(from), readSubmit(payload)));
  }

  /** Takes messages that came in a frame. */
  submitFrame(stanza: Stanza): Promise<void> {
    const { delivery, context } = this.#ports;
    const submit = this.#submit.bind(this);
    return takeFrame({ domain: context.config.link.domain, delivery, submit }, stanza);
  }

  async #submit(
    session: Session,
    { acknowledgement, messages, refused, sent }: Submit,
  ): Promise<SubmitOutcome[]> {
    const startedAt = this.#ports.context.clock.monotonicMs();
    const [, ...outcomes] = await Promise.all([
      acknowledgement && this.#acknowledge(session, acknowledgement),
      this.#accept(
        session,
        messages.filter(({ displayed }) => displayed === undefined),
        sent,
      ),
      ...messages
        .filter(({ displayed }) => displayed !== undefined)
        .map((message) => this.#markRead(session, message)),
    ]);
    this.#ports.context.metrics.acceptSeconds.observe(
      (this.#ports.context.clock.monotonicMs() - startedAt) / 1000,
    );
    return [...outcomes.flat(), ...refused];
  }

  /** Notes that a device has made entries durable. One that is not attached is told so. */
  async acknowledge({ from, element }: Stanza): Promise<void> {
    const session = this.#ports.delivery.sessionOf(from.toString());
    const ack = element.getChild("ack", NS.mailbox);
    if (!session) this.#ports.delivery.tellDetached(from.toString(), "the mailbox is not open");
    else if (ack) await this.#acknowledge(session, readAcknowledgement(ack));
  }

  /** Puts receipts that were committed on their way to the senders. */
  offerReceipts(entries: readonly NewReceiptEntry[]): void {
    if (entries.length === 0) return;
    const { delivery, context } = this.#ports;
    delivery.offer(receiptOffers(context, entries));
  }

  async #acknowledge({ device, fullJid }: Session, { seq, undecryptable }: Acknowledgement): Promise<void> {
    const receipts = await this.#ports.unhurried.acknowledge(
      device,
      seq,
      undecryptable,
      this.#ports.context.clock.now(),
    );
    this.#ports.delivery.acknowledge(fullJid, seq);
    this.offerReceipts(receipts);
  }

  async #accept(
    session: Session,
    messages: readonly Submission[],
    sent: number | undefined,
  ): Promise<SubmitOutcome[]> {
    if (messages.length === 0) return [];
    const { context, store, delivery } = this.#ports;
    const prepared = messages.map((message) => this.#prepare(message));
    const known = prepared.filter((one) => one !== undefined);
    // What goes to another thread is copied: no more of a session than is asked for
    const { account, device, numberJid, resource } = session;
    const { maxEntries, maxBytes } = context.config.mailbox;
    const limits = { maxEntries, maxBytes };
    const result = await store.accept(
      { account, device, resource },
      known,
      context.clock.now(),
      limits,
      sent,
    );
    if (!result) throw notAttached();
    let next = 0;
    const offers: Offer[] = [];
    const outcomes = messages.map((message, index): SubmitOutcome => {
      const outcome = prepared[index] ? result.outcomes[next++] : ({ refusal: "no-such-number" } as const);
      if (!outcome || "refusal" in outcome) {
        context.metrics.messages.inc({ outcome: outcome?.refusal ?? "refused" });
        return { id: message.id, error: refusalError(outcome?.refusal ?? "no-such-number") };
      }
      const { acceptedAt, isDuplicate, entries } = outcome;
      context.metrics.messages.inc({ outcome: isDuplicate ? "duplicate" : "accepted" });
      const { id, payload, compact } = message;
      const content = { from: numberJid, resource, to: message.to.bare, id, at: acceptedAt, payload };
      offers.push(...messageOffers(content, entries, compact));
      return { id, acceptedAt, isDuplicate };
    });
    delivery.offer(offers);
    this.offerReceipts(result.receipts);
    return outcomes;
  }

  #prepare({ id, to, payload }: Submission): StoredSubmission | undefined {
    const toHash = this.#ports.numbers.hashOf(to);
    if (!toHash) return undefined;
    const digest = this.#ports.context.vault.keyedHash("message", `${to.local}\0${payload}`).subarray(0, 16);
    return { id, toHash, payload, digest };
  }

  // XEP-0333 §4.3: the marker goes to the sender of the message that was displayed
  async #markRead({ account, device }: Session, { id, to, displayed }: Submission): Promise<SubmitOutcome[]> {
    const { context, receipts, numbers } = this.#ports;
    const senderHash = numbers.hashOf(to);
    const now = context.clock.now();
    const made =
      senderHash && (await receipts.read({ account, device }, senderHash, displayed as MessageId, now));
    if (!made)
      return [{ id, error: new StanzaError("item-not-found", "no such message came from this number") }];
    this.offerReceipts(made);
    return [{ id, acceptedAt: now, isDuplicate: made.length === 0 }];
  }

  #session(from: Jid, { device, account, number }: OpenedMailbox): Session {
    const [fullJid, numberJid] = [from.toString(), this.#ports.numbers.jidOf(number)];
    return {
      device,
      account,
      accountJid: from.bare,
      fullJid,
      numberJid,
      resource: this.#ports.numbers.appResource(numberJid, fullJid),
    };
  }

  #requireLocal(from: Jid): void {
    if (from.domain === this.#ports.context.config.host.domain && from.isFull) return;
    throw new StanzaError("forbidden", "only accounts of this service have mailboxes");
  }

  #requireSession(from: Jid): Session {
    const session = this.#ports.delivery.sessionOf(from.toString());
    if (!session) throw notAttached();
    return session;
  }
}

function refusedAttach(error: unknown): unknown {
  if (!(error instanceof TwotickError) || error.code !== "store-outdated") return error;
  return new StanzaError(
    "conflict",
    "a newer state of this device's store was used since: renew the device",
    {
      applicationCondition: "store-outdated",
    },
  );
}

function notAttached(): StanzaError {
  return new StanzaError("not-authorized", "attach first", { applicationCondition: "not-attached" });
}
