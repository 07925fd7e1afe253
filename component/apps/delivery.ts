import type { StanzaError } from "../../src/errors.js";
import type { MessageId } from "../../src/ids.js";
import type { Context } from "../capability.js";
import { strangerJid } from "../federation/address.js";
import type { Offer } from "../mailbox/delivery-ports.js";
import type { NewReceiptEntry } from "../receipts/store.js";
import type { Remote } from "../store/operations.js";
import { Arrivals } from "./arrivals.js";
import { askApp, type Answer } from "./asking.js";
import { Endings } from "./endings.js";
import { Returns } from "./returns.js";
import { canAcknowledge, decideTry, isGone, isUndelivered } from "./service.js";
import { AppSession, type AppAddress } from "./session.js";
import type { AppOperations } from "./store.js";
import { AppWriter } from "./writer.js";

/** Bytes read from a mailbox at once. */
const READ_BYTES = 64 * 1024;

/** How often the sessions are looked at. */
const TICK_MS = 1_000;

/** An entry that has not ended so soon after it went is noted as sent. */
const NOTE_AFTER_MS = 250;

/** What could not be sent, because the server does not read, is tried again after this long. */
const OPEN_AGAIN_MS = 5_000;

/** What the delivery to apps works with. */
export interface AppDeliveryPorts {
  readonly context: Context;
  readonly store: Remote<AppOperations>;
  /** Puts receipts that were committed on their way to the senders. */
  readonly offerReceipts: (receipts: readonly NewReceiptEntry[]) => void;
}

/**
 * Brings the entries of their mailboxes to ordinary apps, as plain messages.
 *
 * A receipt ends an entry; where none is to be expected an answered IQ does, that went behind it on the same ordered
 * stream. Presence begins a delivery and proves nothing.
 */
export class AppDelivery {
  readonly #ports: AppDeliveryPorts;
  readonly #byJid = new Map<string, AppSession>();
  readonly #byDevice = new Map<number, AppSession>();
  readonly #writer: AppWriter;
  readonly #endings: Endings;
  readonly #arrivals: Arrivals;
  readonly #returns: Returns;
  #cancelTick: (() => void) | undefined;

  constructor(ports: AppDeliveryPorts) {
    const { context, store, offerReceipts } = ports;
    this.#ports = ports;
    this.#writer = new AppWriter(context);
    this.#returns = new Returns({ context, store, offerReceipts, ask: (session) => this.#ask(session) });
    this.#arrivals = new Arrivals({
      context,
      store,
      ask: (session) => this.#ask(session),
      end: (session, seqs) => this.#end(session, seqs),
      report: (error) => this.#report(error),
    });
    this.#endings = new Endings((device, seqs) =>
      this.#background(store.end(device, seqs, context.clock.now()).then(offerReceipts)),
    );
  }

  /** The session of a full JID, while the app is there. */
  sessionOf(fullJid: string): AppSession | undefined {
    return this.#byJid.get(fullJid);
  }

  /** Rows of the apps that are there. */
  get devices(): number[] {
    return [...this.#byDevice.keys()];
  }

  /** The app is there: what waits for it goes. */
  open(address: AppAddress): void {
    this.close(address.fullJid);
    const session = new AppSession(address);
    this.#byJid.set(session.fullJid, session);
    this.#byDevice.set(session.device, session);
    this.#cancelTick ??= this.#ports.context.clock.after(TICK_MS, () => this.#tick());
    void this.#begin(session);
  }

  /** The app has gone, or is not to be sent anything any more. */
  close(fullJid: string): void {
    const session = this.#byJid.get(fullJid);
    if (!session) return;
    this.#byJid.delete(fullJid);
    this.#byDevice.delete(session.device);
    session.isClosed = true;
    this.#note(session);
  }

  /** Closes the sessions of an account (bare JID). */
  closeAccount(account: string): void {
    for (const { fullJid, account: own } of this.#byJid.values()) if (own === account) this.close(fullJid);
  }

  /** Takes an entry that was just committed. */
  offer(offer: Offer): void {
    const session = this.#byDevice.get(offer.device);
    if (!session || offer.seq <= session.sent) return;
    if (session.takes(offer.seq)) return this.#send(session, [offer]);
    session.isBehind = true;
    void this.#pump(session);
  }

  /** Looks into mailboxes that got something which was not offered. */
  refresh(devices: readonly number[]): void {
    for (const device of devices) {
      const session = this.#byDevice.get(device);
      if (session) void this.#pump(session);
    }
  }

  /** An app says that it has a message. Answers whether that was news. */
  received(session: AppSession, numberJid: string, id: MessageId): boolean {
    const seq = session.seqOf(numberJid, id);
    if (seq === undefined) return false;
    this.#end(session, [seq]);
    return true;
  }

  /**
   * A message came back: it did not arrive, nobody knows, or the app will not have it.
   *
   * Answers false when nothing is known of it here, as of one that comes back after its app has gone.
   */
  bounced(fullJid: string, numberJid: string, id: string, error: StanzaError): boolean {
    const session = this.#byJid.get(fullJid);
    const seq = session?.seqOf(numberJid, id as MessageId);
    if (!session || seq === undefined) return false;
    const { store, context, offerReceipts } = this.#ports;
    // A host may refuse whom a person has blocked as it does for an app that has gone; XEP-0191 §3.2
    const isFromStranger = strangerJid(numberJid.split("@", 1)[0] ?? "") !== undefined;
    if (isGone(error) && isFromStranger) this.#background(this.#goneOrBlocked(session, seq));
    else if (isGone(error)) {
      this.close(fullJid);
      if (isUndelivered(error)) this.#background(store.notSent(session.device, seq));
    } else {
      session.end(seq);
      this.#background(store.refuse(session.device, [seq], context.clock.now()).then(offerReceipts));
    }
    return true;
  }

  async #goneOrBlocked(session: AppSession, seq: number): Promise<void> {
    const { store, context, offerReceipts } = this.#ports;
    if ((await this.#ask(session)) === "there") {
      session.end(seq);
      offerReceipts(await store.refuse(session.device, [seq], context.clock.now()));
    } else {
      this.close(session.fullJid);
      await store.notSent(session.device, seq);
    }
  }

  /** Ends all timers. */
  stop(): void {
    this.#cancelTick?.();
    for (const fullJid of this.#byJid.keys()) this.close(fullJid);
  }

  async #begin(session: AppSession): Promise<void> {
    try {
      const beginning = await this.#returns.of(session);
      if (!beginning) return;
      session.began(beginning.tries, beginning.isCautious);
      void this.#pump(session);
    } catch (error) {
      this.#report(error);
    }
  }

  async #pump(session: AppSession): Promise<void> {
    session.isBehind = true;
    if (session.isReading || !session.hasBegun) return;
    session.isReading = true;
    try {
      while (session.isBehind && session.room > 0 && !session.isClosed) {
        session.isBehind = false;
        const offers = await this.#read(session);
        if (offers.length > 0) session.isBehind = true;
        if (!session.isClosed) this.#send(session, offers);
      }
    } catch (error) {
      this.#report(error);
    } finally {
      session.isReading = false;
    }
  }

  #read({ device, sent, room }: AppSession): Promise<Offer[]> {
    return this.#ports.context.exchange.read(device, sent, room, READ_BYTES);
  }

  #send(session: AppSession, offers: readonly Offer[]): void {
    const { context } = this.#ports;
    const stanzas: string[] = [];
    const over: number[] = [];
    for (const offer of offers) {
      const { text, isContent } = this.#writer.write(session, offer);
      const isAwaited = canAcknowledge(offer.seq, session.tries, {
        isContent,
        givesReceipts: session.givesReceipts,
      });
      const decision = decideTry(offer.seq, session.tries, isAwaited);
      const isAgain = decision === "again";
      session.send(offer, { canAcknowledge: isAwaited, isAgain, atMs: context.clock.monotonicMs() });
      if (decision === "over" || text === "") over.push(offer.seq);
      else stanzas.push(text);
      (isAgain ? context.metrics.entriesRedelivered : context.metrics.entriesDelivered).inc();
    }
    if (over.length > 0) this.#end(session, over);
    const [first] = offers;
    if (first && stanzas.length > 0 && !this.#put(stanzas.join("")))
      return this.#takeBack(session, first.seq);
    this.#arrivals.sent(session);
  }

  #put(stanzas: string): boolean {
    const { link } = this.#ports.context;
    if (!link.isOnline) return false;
    try {
      link.send(stanzas);
      return true;
    } catch (error) {
      this.#report(error);
      return false;
    }
  }

  // Nothing of it has gone: an answer to what goes later must not count for it
  #takeBack(session: AppSession, first: number): void {
    const { store, context } = this.#ports;
    const { clock, availability } = context;
    this.close(session.fullJid);
    this.#background(store.notSent(session.device, first));
    clock.after(OPEN_AGAIN_MS, () => {
      if (availability.isAvailable(session.fullJid) && !this.#byJid.has(session.fullJid)) this.open(session);
    });
  }

  async #ask(session: AppSession): Promise<Answer> {
    // That it left just behind its answer takes nothing from the answer; one of its successor counts for nothing
    let wasOpen = false;
    const answer = await askApp(this.#ports.context.link, session, () => (wasOpen = !session.isClosed));
    if (answer === "gone") this.close(session.fullJid);
    return answer === "there" && !wasOpen ? "gone" : answer;
  }

  #end(session: AppSession, seqs: readonly number[]): void {
    if (seqs.length === 0) return;
    for (const seq of seqs) session.end(seq);
    this.#endings.add(session, seqs);
    if (session.isBehind) void this.#pump(session);
  }

  #tick(): void {
    const { clock } = this.#ports.context;
    this.#cancelTick = clock.after(TICK_MS, () => this.#tick());
    const now = clock.monotonicMs();
    for (const session of this.#byDevice.values()) {
      this.#arrivals.look(session, now);
      if (session.isNoteDue(now, NOTE_AFTER_MS)) this.#note(session);
    }
  }

  #note(session: AppSession): void {
    const { store } = this.#ports;
    const { once, twice } = session.toNote();
    if (once !== undefined) this.#background(store.sentOnce(session.device, once));
    if (twice !== undefined) this.#background(store.sentTwice(session.device, twice));
  }

  #background(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#report(error));
  }

  #report(error: unknown): void {
    this.#ports.context.log.error(
      { reason: (error as Error).message },
      "an app's mailbox could not be worked on",
    );
  }
}
