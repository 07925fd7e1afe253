import type { Seq } from "../../src/ids.js";
import { writeDetached } from "../../src/mailbox-attach.js";
import type { DeliveryPorts, Offer, Session } from "./delivery-ports.js";
import { Departures } from "./departures.js";
import { openSession, type OpenSession } from "./open-session.js";
import type { DeliveryWindow, WindowLimits } from "./window.js";

/** Bytes that may be on the way to one device. */
const WINDOW_BYTES = 1024 * 1024;

/** Entries and bytes read from a mailbox at once; each reading waits for a turn of the store. */
const READ = { entries: 256, bytes: 128 * 1024 };

/** How long to wait for an acknowledgement before sending again; doubled each time. */
const RESEND_FIRST_MS = 5_000;
const RESEND_LAST_MS = 60_000;
const MAX_RESENDS = 5;

/** Devices of which it is remembered what was on the way to them: without it an entry has one attempt more. */
const MAX_CUT_OFF = 10_000;

/** How often the waiting windows are looked at. */
const TICK_MS = 1_000;

/**
 * Brings the entries of mailboxes to the devices that are attached.
 *
 * New entries go at once when they are next in line and the window has room; otherwise the mailbox is read when
 * there is. What is not acknowledged in time goes again.
 */
export class Delivery {
  readonly #ports: DeliveryPorts;
  readonly #limits: WindowLimits;
  readonly #byDevice = new Map<number, OpenSession>();
  readonly #byJid = new Map<string, OpenSession>();
  readonly #departures: Departures;
  readonly #answered = new Set<OpenSession>();
  readonly #recalled = new Set<string>();
  /** What was on the way when a session ended, until its device attaches again and says what of it arrived. */
  readonly #cutOff = new Map<number, DeliveryWindow>();
  #offered: Offer[] = [];
  #cancelTick: (() => void) | undefined;

  constructor(ports: DeliveryPorts) {
    this.#ports = ports;
    this.#departures = new Departures(ports);
    this.#limits = { entries: ports.windowEntries, bytes: WINDOW_BYTES };
  }

  /** The session of a full JID, if it is attached. */
  sessionOf(fullJid: string): Session | undefined {
    return this.#byJid.get(fullJid);
  }

  /** Opens a session, in place of another of the same device, and begins to deliver. */
  open(session: Session, acknowledged: number, isCautious: boolean): void {
    const before = this.#byDevice.get(session.device);
    if (before) this.#end(before, before.fullJid === session.fullJid ? undefined : "attached elsewhere");
    const other = this.#byJid.get(session.fullJid);
    if (other) {
      this.#end(other, undefined);
      this.#ports.onClosed(other.device, other.fullJid);
    }
    const { domain } = this.#ports;
    const open = openSession(session, { domain, limits: this.#limits, acknowledged, isCautious });
    this.#byDevice.set(session.device, open);
    this.#cutOff.delete(session.device);
    this.#byJid.set(session.fullJid, open);
    this.#ports.metrics.attachedDevices.set(this.#byDevice.size);
    this.#cancelTick ??= this.#ports.clock.after(TICK_MS, () => this.#tick());
    void this.#pump(open);
  }

  /**
   * Ends the session that a device has had until it attached again, if its end was not noticed; if it was, what the
   * device has tells whether another entry than it seemed was the first that went in vain.
   *
   * @param last the last entry that the device has, of which the acknowledgement may have been lost
   * @returns whether it was sent something in vain
   */
  supersede(device: number, last: number, fullJid: string): boolean {
    const session = this.#byDevice.get(device);
    if (!session) return this.#correct(device, last);
    session.window.acknowledge(last);
    this.#end(session, session.fullJid === fullJid ? undefined : "attached elsewhere");
    return session.window.isWaiting;
  }

  /** Closes the session of a full JID: it detached, or went offline. */
  close(fullJid: string, reason?: string): void {
    const session = this.#byJid.get(fullJid);
    if (!session) return;
    this.#end(session, reason);
    this.#ports.onClosed(session.device, session.fullJid);
  }

  /** Closes every session of an account. */
  closeAccount(accountJid: string, reason: string): void {
    for (const session of this.#byDevice.values()) {
      if (session.accountJid === accountJid) this.close(session.fullJid, reason);
    }
  }

  /** Takes entries that were just committed. They go at once, or are read when their turn comes. */
  offer(offers: readonly Offer[]): void {
    if (offers.length === 0) return;
    // The answers of the same commit are written at the end of this turn. They go in a write of their own: a sender's
    // tick does not wait until the server has worked through the deliveries.
    if (this.#offered.length === 0) setImmediate(() => setImmediate(() => this.#takeOffers()));
    this.#offered.push(...offers);
  }

  /** Tells a device that speaks frames what became of its submit, with whatever entries are ready for it. */
  answer(fullJid: string, answer: Uint8Array): void {
    const session = this.#byJid.get(fullJid);
    // A device that has gone submits again
    if (!session?.isFramed) return;
    session.parcel.answer(answer);
    // After all that the same commit answers, and before the link writes
    if (this.#answered.size === 0) process.nextTick(() => this.#flushAnswers());
    this.#answered.add(session);
  }

  // Only what is there already travels along: no answer waits for an entry
  #flushAnswers(): void {
    const rest: Offer[] = [];
    for (const offer of this.#offered) {
      const session = this.#byDevice.get(offer.device);
      if (session && this.#answered.has(session)) this.#take(session, offer);
      else rest.push(offer);
    }
    this.#offered = rest;
    for (const session of this.#answered) this.#departures.flush(session);
    this.#answered.clear();
  }

  #takeOffers(): void {
    const offers = this.#offered;
    this.#offered = [];
    for (const offer of offers) {
      const session = this.#byDevice.get(offer.device);
      if (session) this.#take(session, offer);
      else this.#ports.onUnattached(offer);
    }
    this.#departures.endTurn();
  }

  #take(session: OpenSession, offer: Offer): void {
    if (offer.seq <= session.window.sent) return;
    if (!session.isReading && session.window.takes(offer.seq)) return this.#send(session, offer);
    session.isBehind = true;
    // A gap in the numbers: what is missing is in the store
    if (!session.isReading && !session.window.isWaiting) void this.#pump(session);
  }

  /** Looks into mailboxes that got something which was not offered. */
  refresh(devices: readonly number[]): void {
    for (const device of devices) {
      const session = this.#byDevice.get(device);
      if (!session) continue;
      session.isBehind = true;
      void this.#pump(session);
    }
  }

  /** Notes an acknowledgement and sends what it made room for. */
  acknowledge(fullJid: string, seq: number): void {
    const session = this.#byJid.get(fullJid);
    if (!session?.window.acknowledge(seq)) return;
    session.resends = 0;
    session.sentAtMs = undefined;
    this.#departures.release(session);
    this.#restartTimer(session);
    if (session.isBehind) void this.#pump(session);
  }

  /** Takes note of full JIDs that were attached before this process began. */
  recall(fullJids: readonly string[]): void {
    for (const fullJid of fullJids) this.#recalled.add(fullJid);
  }

  /**
   * The link is up (again): every device is asked to attach anew.
   *
   * What was on the way may have been lost with the link or the process, in both directions; attaching tells both
   * sides where they are, and at once instead of after a time-out.
   */
  restart(): void {
    const fullJids = new Set([...this.#recalled, ...this.#byJid.keys()]);
    this.#recalled.clear();
    this.#cutOff.clear();
    for (const session of this.#byDevice.values()) this.#forget(session, undefined);
    for (const fullJid of fullJids) this.tellDetached(fullJid, "the service was away", true);
  }

  /** Ends all timers. */
  stop(): void {
    this.#cancelTick?.();
    this.#departures.stop();
    this.#byDevice.clear();
    this.#byJid.clear();
  }

  // Not for a restart of the link or the process: that the head was not acknowledged is then no fault of the entry
  #end(session: OpenSession, reason: string | undefined): void {
    this.#forget(session, reason);
    const { first } = session.window;
    if (first === undefined) return;
    this.#ports.onHeadInVain(session.device, first);
    if (this.#cutOff.size >= MAX_CUT_OFF) this.#cutOff.clear();
    this.#cutOff.set(session.device, session.window);
  }

  // The acknowledgement of what was first was lost with the connection: the device did not outlive the next one
  #correct(device: number, last: number): boolean {
    const window = this.#cutOff.get(device);
    if (!window?.acknowledge(last) || window.first === undefined) return false;
    this.#ports.onHeadInVain(device, window.first);
    return true;
  }

  #forget(session: OpenSession, reason: string | undefined): void {
    this.#byDevice.delete(session.device);
    this.#byJid.delete(session.fullJid);
    this.#departures.forget(session);
    this.#answered.delete(session);
    this.#ports.metrics.attachedDevices.set(this.#byDevice.size);
    if (reason !== undefined) this.tellDetached(session.fullJid, reason);
  }

  /** Tells a full JID that its mailbox is closed, so that it attaches again if it should. @param isRestart whether nothing but that the service was away has closed it */
  tellDetached(fullJid: string, reason: string, isRestart = false): void {
    this.#departures.tell(fullJid, writeDetached({ reason, isRestart }));
  }

  async #pump(session: OpenSession): Promise<void> {
    if (session.isReading) return;
    session.isReading = true;
    session.isBehind = true;
    try {
      while (session.isBehind && session.window.room > 0 && this.#byDevice.get(session.device) === session) {
        session.isBehind = false;
        const { sent, room, roomBytes } = session.window;
        const [entries, bytes] = [Math.min(room, READ.entries), Math.min(roomBytes, READ.bytes)];
        const offers = await this.#ports.read(session.device, sent, entries, bytes);
        // A rewind while reading makes what was read the wrong piece
        if (session.window.sent !== sent) session.isBehind = true;
        else for (const offer of offers) this.#send(session, offer);
        // What was waiting has company already
        session.sentAtMs = undefined;
        session.isBehind ||= offers.length > 0;
      }
    } catch (error) {
      this.#ports.log.error({ reason: (error as Error).message }, "a mailbox could not be read");
      this.#restartTimer(session, true);
    } finally {
      session.isReading = false;
    }
  }

  #send(session: OpenSession, { seq, sizeBytes, content, compact }: Offer): void {
    if (this.#byDevice.get(session.device) !== session) return;
    const isFirst = !session.window.isWaiting;
    const isRedelivery = session.window.send(seq, sizeBytes);
    const { metrics } = this.#ports;
    (isRedelivery ? metrics.entriesRedelivered : metrics.entriesDelivered).inc();
    if (isFirst) this.#restartTimer(session);
    // A property that is set behind a spread takes 2 µs, one before it nothing
    session.parcel.add({ seq: seq as Seq, isRedelivery, ...content }, compact, () =>
      this.#departures.flush(session),
    );
    this.#departures.add(session);
  }

  #restartTimer(session: OpenSession, isForced = false): void {
    const waitMs = Math.min(RESEND_FIRST_MS * 2 ** session.resends, RESEND_LAST_MS);
    session.resendAtMs = session.window.isWaiting || isForced ? this.#ports.clock.monotonicMs() + waitMs : 0;
  }

  #tick(): void {
    this.#cancelTick = this.#ports.clock.after(TICK_MS, () => this.#tick());
    // Nothing goes while the link is down, so nothing is late: it all goes again when it is up
    if (!this.#ports.link.isOnline) return;
    const now = this.#ports.clock.monotonicMs();
    for (const session of this.#byDevice.values()) {
      if (session.resendAtMs === 0 || session.resendAtMs > now) continue;
      session.resends += 1;
      if (session.resends > MAX_RESENDS) this.close(session.fullJid, "nothing was acknowledged for too long");
      else this.#rewind(session);
    }
  }

  #rewind(session: OpenSession): void {
    session.window.rewind();
    session.parcel.dropEntries();
    session.isBehind = true;
    this.#restartTimer(session, true);
    void this.#pump(session);
  }
}
