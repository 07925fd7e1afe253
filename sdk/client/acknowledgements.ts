import type { Clock } from "../../src/clock.js";
import type { Seq } from "../../src/ids.js";
import { writeAcknowledgement, writeSubmit, type Acknowledgement } from "../../src/mailbox-submit.js";
import type { Storage, Transaction, View } from "../storage/port.js";
import { decodeRecord, encodeRecord } from "./codec.js";
import type { GroupCommit } from "./group-commit.js";

/** An acknowledgement that no tick waits for goes with the next submit, or after this time. */
const LAZY_MS = 500;
/** So many entries are acknowledged at once all the same, as the service's window is bounded. */
const LAZY_ENTRIES = 64;
/** How often a quiet device says where it is: a service that forgot it answers with `<detached/>`. */
const REPEAT_MS = 60_000;
/** Failures that are remembered; older ones were reported long ago. */
const MAX_FAILURES = 1_000;

const CURSOR = "mailbox/cursor";
const FAILURES = "mailbox/undecryptable";

interface Failure {
  readonly seq: Seq;
  readonly isReported: boolean;
}

/** How acknowledgements leave. */
export interface AcknowledgementPorts {
  readonly clock: Clock;
  readonly commits: GroupCommit;
  readonly isAttached: () => boolean;
  /** Sends XML of one `<ack/>` to the service; what is lost is said again. */
  readonly send: (ack: string) => void;
  /** Submits XML of one `<submit/>`; resolves when it was answered. */
  readonly submit: (submit: string) => Promise<void>;
}

/** Reads the last entry that is durable here. */
export function readCursor(view: View): Seq {
  const bytes = view.get(CURSOR);
  return (bytes ? (decodeRecord(bytes) as { seq: Seq }).seq : 0) as Seq;
}

function readFailures(view: View): Failure[] {
  const bytes = view.get(FAILURES);
  return bytes ? (decodeRecord(bytes) as Failure[]) : [];
}

/** Moves the cursor, with the entries up to there. */
export function writeCursor(transaction: Transaction, seq: Seq): void {
  transaction.set(CURSOR, encodeRecord({ seq }));
}

/**
 * Tells the service what is durable here, and which of it could not be decrypted.
 *
 * One number acknowledges everything before it. It goes at once when somebody waits for the tick, otherwise with
 * what is sent anyway. Failures are kept until the service has answered a request that carried them, because an
 * acknowledgement without them would say that they were delivered.
 */
export class Acknowledgements {
  readonly #ports: AcknowledgementPorts;
  #cursor: Seq;
  #failures: Failure[];
  #sentUpTo = 0;
  #isDue = false;
  #isImmediate = false;
  #isReporting = false;
  #cancelLazy: (() => void) | undefined;
  #cancelRepeat: (() => void) | undefined;

  private constructor(view: View, ports: AcknowledgementPorts) {
    this.#ports = ports;
    this.#cursor = readCursor(view);
    this.#failures = readFailures(view);
  }

  /** Goes on where the store was left. @throws {StorageError} */
  static open(storage: Storage, ports: AcknowledgementPorts): Acknowledgements {
    return storage.read((view) => new Acknowledgements(view, ports));
  }

  /** The last entry that the service need not send again: before the first failure that it may not know of. */
  get last(): Seq {
    const first = this.#failures.find(({ isReported }) => !isReported)?.seq;
    return first === undefined ? this.#cursor : ((first - 1) as Seq);
  }

  /** The last entry that is durable here. */
  get cursor(): Seq {
    return this.#cursor;
  }

  /** Notes failures, in the transaction that moves the cursor past them. */
  static noteFailures(transaction: Transaction, seqs: readonly Seq[]): void {
    if (seqs.length === 0) return;
    const known = readFailures(transaction);
    const fresh = seqs.map((seq) => ({ seq, isReported: false }));
    transaction.set(FAILURES, encodeRecord([...known, ...fresh].slice(-MAX_FAILURES)));
  }

  /** The cursor has moved, durably. @param isAwaited whether a sender waits for the tick */
  moved(cursor: Seq, failures: readonly Seq[], isAwaited: boolean): void {
    this.#cursor = cursor;
    this.#failures.push(...failures.map((seq) => ({ seq, isReported: false })));
    this.#failures.splice(0, this.#failures.length - MAX_FAILURES);
    this.#due(isAwaited || cursor - this.#sentUpTo >= LAZY_ENTRIES);
  }

  /** Entries came again that are durable: the service does not know it yet. */
  repeated(seqs: readonly Seq[]): void {
    const again = new Set<Seq>(seqs);
    this.#failures = this.#failures.map(({ seq, isReported }) => ({
      seq,
      isReported: isReported && !again.has(seq),
    }));
    this.#due(true);
  }

  /** What goes with a submit now; `undefined` when nothing waits. To be followed by `answered` when it was answered. */
  take(): Acknowledgement | undefined {
    if (!this.#isDue || this.#isReporting) return undefined;
    this.#settled();
    return this.#acknowledgement();
  }

  /** The service has taken an acknowledgement. */
  answered({ undecryptable }: Acknowledgement): void {
    if (undecryptable.length === 0) return;
    const reported = new Set<Seq>(undecryptable);
    const mark = (failures: readonly Failure[]): Failure[] =>
      failures.map(({ seq, isReported }) => ({ seq, isReported: isReported || reported.has(seq) }));
    this.#failures = mark(this.#failures);
    this.#ports.commits
      // Those in the store: one may be there, a moment ago, that is not known here yet
      .run((transaction) => transaction.set(FAILURES, encodeRecord(mark(readFailures(transaction)))))
      // What is not noted is reported once more
      .catch(() => {});
  }

  /** Says at once where this device is: after an attach, or when nothing was said for long. */
  say(): void {
    if (!this.#ports.isAttached()) return;
    this.#settled();
    const acknowledgement = this.#acknowledgement();
    if (acknowledgement.undecryptable.length === 0) this.#ports.send(writeAcknowledgement(acknowledgement));
    else void this.#report(acknowledgement);
  }

  /** Ends the timers; `say` still works. */
  stop(): void {
    this.#cancelLazy?.();
    this.#cancelRepeat?.();
  }

  /** Whether something waits to be said. */
  get isDue(): boolean {
    return this.#isDue;
  }

  #due(isImmediate: boolean): void {
    this.#isDue = true;
    if (isImmediate && !this.#isImmediate) {
      this.#isImmediate = true;
      // After what else happens in this turn, which may carry it
      setImmediate(() => this.#isImmediate && this.say());
    }
    this.#cancelLazy ??= this.#ports.clock.after(LAZY_MS, () => this.#isDue && this.say());
  }

  #settled(): void {
    this.#isDue = false;
    this.#isImmediate = false;
    this.#sentUpTo = this.#cursor;
    this.#cancelLazy?.();
    this.#cancelLazy = undefined;
    this.#cancelRepeat?.();
    this.#cancelRepeat = this.#ports.clock.after(REPEAT_MS, () => this.say());
  }

  #acknowledgement(): Acknowledgement {
    const undecryptable = this.#failures.filter(({ isReported }) => !isReported).map(({ seq }) => seq);
    return { seq: this.#cursor, undecryptable };
  }

  async #report(acknowledgement: Acknowledgement): Promise<void> {
    if (this.#isReporting) {
      this.#isDue = true;
      return;
    }
    this.#isReporting = true;
    try {
      await this.#ports.submit(writeSubmit({ acknowledgement, messages: [] }));
      this.answered(acknowledgement);
    } catch {
      // Said again after the next attach, or with what comes next
      this.#isDue = true;
    }
    this.#isReporting = false;
    if (this.#isDue) this.#due(false);
  }
}
