import { encodeDelivery, encodeEntry } from "../../src/frame-deliver.js";
import { writeFrame } from "../../src/frame.js";
import { writeDeliver, writeEntry, type Entry } from "../../src/mailbox-deliver.js";

/** Entries that go in one stanza. */
const PARCEL_ENTRIES = 100;

/** Bytes that go in one stanza; the server takes 512 KiB. */
const PARCEL_BYTES = 64 * 1024;

/** What goes to one device in the next stanza. */
export interface Parcel {
  readonly hasAnswers: boolean;
  /** Puts an entry in; what was in it goes first, to `flush`, when there is no room for both. */
  add(entry: Entry, compact: Uint8Array | undefined, flush: () => void): void;
  /** Puts in what became of a submit, as a frame carries it. */
  answer(answer: Uint8Array): void;
  /** Takes the entries out again, because the mailbox is read anew; answers stay. */
  dropEntries(): void;
  /** Takes everything out, as the content of one stanza; `undefined` when there is nothing. */
  take(): string | undefined;
}

/** Makes an empty parcel. @param domain of the number JIDs, when the device is sent frames */
export function newParcel(domain: string | undefined): Parcel {
  if (domain === undefined) return new XmlParcel();
  return new FrameParcel(domain);
}

/** `<deliver/>`; answers to submits are results of IQs and go without it. */
class XmlParcel implements Parcel {
  readonly hasAnswers = false;
  #entries: string[] = [];
  #size = 0;

  add(entry: Entry, _compact: Uint8Array | undefined, flush: () => void): void {
    const written = writeEntry(entry);
    if (this.#entries.length >= PARCEL_ENTRIES || this.#size + written.length > PARCEL_BYTES) flush();
    this.#entries.push(written);
    this.#size += written.length;
  }

  answer(): void {
    throw new TypeError("an answer to a frame goes in a frame");
  }

  dropEntries(): void {
    this.#entries = [];
    this.#size = 0;
  }

  take(): string | undefined {
    if (this.#entries.length === 0) return undefined;
    const content = writeDeliver(this.#entries);
    this.dropEntries();
    return content;
  }
}

/** `<frame/>`, with answers and entries together. */
class FrameParcel implements Parcel {
  readonly #domain: string;
  #answers: Uint8Array[] = [];
  #entries: Uint8Array[] = [];
  #size = 0;

  constructor(domain: string) {
    this.#domain = domain;
  }

  get hasAnswers(): boolean {
    return this.#answers.length > 0;
  }

  add(entry: Entry, compact: Uint8Array | undefined, flush: () => void): void {
    const encoded = encodeEntry(entry, this.#domain, compact);
    this.#makeRoom(this.#entries.length, encoded.length, flush);
    this.#entries.push(encoded);
    this.#size += encoded.length;
  }

  answer(answer: Uint8Array): void {
    this.#answers.push(answer);
  }

  #makeRoom(count: number, sizeBytes: number, flush: () => void): void {
    // Base64 makes four of three
    if (count >= PARCEL_ENTRIES || (this.#size + sizeBytes) * (4 / 3) > PARCEL_BYTES) flush();
  }

  dropEntries(): void {
    this.#entries = [];
    this.#size = 0;
  }

  take(): string | undefined {
    if (this.#answers.length === 0 && this.#entries.length === 0) return undefined;
    const content = writeFrame(encodeDelivery(this.#answers, this.#entries));
    this.#answers = [];
    this.dropEntries();
    return content;
  }
}
