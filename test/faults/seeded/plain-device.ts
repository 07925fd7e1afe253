import { hashBody, type Journal } from "../../../sdk/testing/mod.js";
import { StanzaError } from "../../../src/errors.js";
import { messageId } from "../../../src/ids.js";
import { Jid } from "../../../src/jid.js";
import { parseXml } from "../../../src/xml.js";
import { body, RawDevice, type DeviceCredentials } from "../../support/raw-device.js";

/**
 * A device with a journal and as little of its own as the protocol allows: it knows entries by their number alone.
 *
 * What the service does twice, skips or mixes up is therefore shown so: no second line of defence hides it.
 */
export class PlainDevice {
  readonly journal: Journal;
  readonly #credentials: DeviceCredentials;
  readonly #durable = new Set<number>();
  #device: RawDevice | undefined;
  #acknowledged = 0;
  #taken = 0;
  /** What the next entries that arrive meet. */
  mood: "well" | "silent" | "deaf" = "well";
  /** After so many messages it takes nothing more. */
  appetite = Infinity;

  constructor(credentials: DeviceCredentials, journal: Journal) {
    this.#credentials = credentials;
    this.journal = journal;
    journal.write({ kind: "started", number: credentials.number, device: credentials.deviceId });
  }

  get number(): string {
    return this.#credentials.number;
  }

  get #online(): RawDevice {
    if (!this.#device) throw new Error(`${this.number} is not online`);
    return this.#device;
  }

  /** Logs in and opens the mailbox behind what was acknowledged. */
  async begin(): Promise<void> {
    this.journal.write({
      kind: "started",
      number: this.#credentials.number,
      device: this.#credentials.deviceId,
    });
    const device = new RawDevice(this.#credentials, undefined, "xml");
    this.#device = device;
    this.#taken = 0;
    device.isAcknowledging = false;
    device.connection.on("stanza", () => this.#take(device));
    await device.connection.start();
    this.journal.write({ kind: "state", isAttached: true });
    await device.attach(undefined, this.#acknowledged);
  }

  /** Goes offline; what was not made durable is forgotten. */
  async end(): Promise<void> {
    const device = this.#device;
    this.#device = undefined;
    this.journal.write({ kind: "state", isAttached: false });
    await device?.stop();
  }

  /** Asks for a text to be sent, and writes down how that ended. */
  async say(to: string, text: string): Promise<void> {
    const { number } = this.#credentials;
    const id = `${number}-${text}`;
    this.journal.write({ kind: "asked", id, to, body: hashBody(text) });
    await this.repeat(to, text);
  }

  /** Asks for many at once. */
  async sayAll(to: string, texts: readonly string[]): Promise<void> {
    for (const text of texts) {
      this.journal.write({ kind: "asked", id: `${this.number}-${text}`, to, body: hashBody(text) });
    }
    await this.#submit(to, texts);
  }

  /** Submits the same once more, as after a lost answer. */
  async repeat(to: string, text: string): Promise<void> {
    await this.#submit(to, [text]);
  }

  /** Tells the sender of a message that it was read. */
  async read(from: string, text: string): Promise<void> {
    await this.#online.markRead(this.#jidOf(from), messageId(`${from}-${text}`));
  }

  /** Acknowledges everything that it has, and goes on as usual. */
  async recover(): Promise<void> {
    this.mood = "well";
    await this.#acknowledge(Math.max(0, ...this.#durable));
  }

  /** Asks the service something and waits for the answer, so that what was on the way before has arrived. */
  async roundTrip(): Promise<void> {
    await this.#online.prove();
  }

  async #submit(to: string, texts: readonly string[]): Promise<void> {
    const messages = texts.map((text) => ({
      to: this.#jidOf(to),
      payload: body(text),
      id: messageId(`${this.number}-${text}`),
    }));
    for (const outcome of await this.#online.submit(messages)) {
      if ("acceptedAt" in outcome) {
        this.journal.write({ kind: "told", id: outcome.id, state: "accepted" });
        continue;
      }
      const { condition: code, type } = outcome.error;
      const isRefusal = outcome.error instanceof StanzaError && type !== "wait";
      this.journal.write({ kind: "told", id: outcome.id, state: "failed", code, isRefusal });
    }
  }

  #jidOf(number: string): string {
    return `${number}@${this.#credentials.numberDomain}`;
  }

  #take(device: RawDevice): void {
    if (device !== this.#device) return;
    const fresh = device.entries.slice(this.#taken);
    if (fresh.length === 0) return;
    this.#taken = device.entries.length;
    if (this.mood === "deaf") return;
    let last = 0;
    for (const entry of fresh) {
      if (this.appetite === 0) break;
      this.journal.write({ kind: "arrived", seq: entry.seq });
      last = entry.seq;
      if (this.#durable.has(entry.seq)) continue;
      this.#durable.add(entry.seq);
      if (entry.kind === "receipt") {
        const { state, device: of } = entry;
        for (const id of entry.ids) this.journal.write({ kind: "told", id, state, device: of });
        continue;
      }
      this.appetite -= 1;
      const { id, payload } = entry;
      const from = Jid.parse(entry.from).local;
      this.journal.write({ kind: "shown", id, from, body: hashBody(parseXml(payload).getText()) });
      this.journal.write({ kind: "acknowledged", id, from });
    }
    if (this.mood === "well" && last > 0) void this.#acknowledge(last).catch(() => undefined);
  }

  async #acknowledge(seq: number): Promise<void> {
    this.#acknowledged = Math.max(this.#acknowledged, seq);
    this.journal.write({ kind: "confirmed", seq });
    await this.#online.acknowledge(seq);
  }
}
