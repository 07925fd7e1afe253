import type { Clock } from "../../src/clock.js";
import { StorageError } from "../../src/errors.js";
import { seq as toSeq, type Seq } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import { readDeliver, type Entry, type MessageEntry } from "../../src/mailbox-deliver.js";
import { type MessageContent, readContent } from "../../src/message-content.js";
import { NS } from "../../src/namespaces.js";
import { attribute, childElements, xml, type Element } from "../../src/xml.js";
import { isOmemoMessage, type Incoming, type Omemo, type Opened } from "../omemo/mod.js";
import type { Transaction } from "../storage/port.js";
import { readCursor, writeCursor, Acknowledgements } from "./acknowledgements.js";
import { AgingMap } from "./aging-map.js";
import type { Receipt } from "./events.js";
import { appendInbox, type InboxRecord } from "./inbox-records.js";
import type { SentRecords } from "./sent-records.js";

/** What an inbox works with. */
export interface InboxPorts {
  readonly clock: Clock;
  readonly sent: SentRecords;
  /** What opens messages, and the own number JID; both are known once the mailbox is open. */
  readonly omemo: () => Omemo;
  readonly ownNumber: () => Jid;
}

/** What came of one `<deliver/>`. */
export interface Intake {
  readonly cursor: Seq;
  /** Entries that were new. */
  readonly added: number;
  /** Whether senders wait for the tick. */
  readonly hasMessages: boolean;
  readonly records: readonly InboxRecord[];
  readonly receipts: readonly Receipt[];
  /** Entries that could not be decrypted. */
  readonly failures: readonly Seq[];
  /** Entries that were durable before. */
  readonly repeated: readonly Seq[];
  /** Entries are missing before what came: they were lost on the way. */
  readonly hasGap: boolean;
  /** What was wrong with entries that were passed over. */
  readonly faults: readonly unknown[];
}

/** An entry as it was read: its element too, and the fault when it could not be read. */
interface ReadEntry {
  readonly seq: Seq;
  readonly element: Element;
  readonly entry: Entry | undefined;
  readonly fault: unknown;
}

interface Draft {
  cursor: Seq;
  added: number;
  hasMessages: boolean;
  hasGap: boolean;
  readonly records: InboxRecord[];
  readonly receipts: Receipt[];
  readonly failures: Seq[];
  readonly repeated: Seq[];
  readonly faults: unknown[];
}

/**
 * Takes delivered entries in: each is deduplicated, decrypted and stored, and the cursor moved, in one transaction.
 *
 * An entry that is no good costs no other: it is passed over and reported.
 */
export class Inbox {
  readonly #ports: InboxPorts;
  readonly #seen: AgingMap;
  /** Entries go missing in a mailbox when they expire; behind an attach that is seen to be so, elsewhere it is a loss. */
  #mayBeginAnywhere = false;

  constructor(ports: InboxPorts) {
    this.#ports = ports;
    this.#seen = new AgingMap("seen/", ports.clock);
  }

  /** The mailbox was opened: the next entry is the first that there is behind the cursor. */
  opened(): void {
    this.#mayBeginAnywhere = true;
  }

  /**
   * Takes a `<deliver/>` in; changes nothing but the transaction, until it is `committed`.
   *
   * @param isOfThisSession whether it certainly came after the mailbox was opened
   * @throws what stands against opening any message at all: the entries are to come again then
   */
  receive(transaction: Transaction, deliver: Element, isOfThisSession: boolean): Intake {
    const { omemo, ownNumber } = this.#ports;
    const ready: Ready = { omemo: omemo(), own: ownNumber() };
    const draft: Draft = {
      cursor: readCursor(transaction),
      added: 0,
      hasMessages: false,
      hasGap: false,
      records: [],
      receipts: [],
      failures: [],
      repeated: [],
      faults: [],
    };
    for (const read of readEntries(deliver, draft.faults)) {
      if (read.seq <= draft.cursor) draft.repeated.push(read.seq);
      else if (this.#isGap(draft, read.seq, isOfThisSession)) {
        draft.hasGap = true;
        break;
      } else this.#take(transaction, draft, read, ready);
    }
    if (draft.added > 0) writeCursor(transaction, draft.cursor);
    Acknowledgements.noteFailures(transaction, draft.failures);
    return draft;
  }

  /** The transaction of an intake is durable. */
  committed({ added }: Intake): void {
    if (added > 0) this.#mayBeginAnywhere = false;
  }

  /** Forgets ids that are too old to come again. Answers whether there may be more. */
  prune(transaction: Transaction): boolean {
    return this.#seen.prune(transaction);
  }

  #isGap({ cursor, added }: Draft, seq: Seq, isOfThisSession: boolean): boolean {
    return seq !== cursor + 1 && !(isOfThisSession && this.#mayBeginAnywhere && added === 0);
  }

  #take(
    transaction: Transaction,
    draft: Draft,
    { seq, element, entry, fault }: ReadEntry,
    ready: Ready,
  ): void {
    draft.cursor = seq;
    draft.added++;
    if (!entry) {
      draft.faults.push(fault);
      // The sender of a message must not be told that it can be read here
      if (element.getChild("message")) draft.failures.push(seq);
      return;
    }
    try {
      if (entry.kind === "message") this.#takeMessage(transaction, draft, { entry, element, ...ready });
      else draft.receipts.push(...this.#ports.sent.takeReceipt(transaction, entry));
    } catch (error) {
      // What the store cannot keep must come again; anything else is wrong with this entry alone
      if (error instanceof StorageError) throw error;
      draft.faults.push(error);
      if (entry.kind === "message") draft.failures.push(seq);
    }
  }

  #takeMessage(
    transaction: Transaction,
    draft: Draft,
    { omemo, own, entry, element }: Ready & { entry: MessageEntry; element: Element },
  ): void {
    const { seq, id, at } = entry;
    const from = Jid.parse(entry.from);
    const to = Jid.parse(entry.to);
    draft.hasMessages = true;
    const key = `${from.bare} ${id}`;
    if (this.#seen.get(transaction, key)) return;
    const message = element.getChild("message") as Element;
    const content = readMessage(transaction, omemo, { from, to, at }, message);
    this.#seen.set(transaction, key, new Uint8Array([1]));
    if (content.kind === "nothing") return;
    const common = { id, from: from.bare, to: to.bare, at, device: content.device };
    if (content.kind === "failed") {
      // Opened before, in a life of which only the ratchet is left: it was delivered
      if (content.reason === "duplicate") return;
      draft.failures.push(seq);
      const { reason } = content;
      draft.records.push(appendInbox(transaction, { ...common, kind: "undecryptable", reason }));
      return;
    }
    const { said, isEncrypted, trust } = content;
    const kind = kindOf(said, from.bare === own.bare);
    const { kind: _, ...about } = said;
    draft.records.push(appendInbox(transaction, { ...common, kind, ...about, isEncrypted, trust }));
  }
}

/** As what a content is told: what another own device sent is told apart. */
function kindOf({ kind }: MessageContent, isOwn: boolean): InboxRecord["kind"] {
  if (kind === "text") return isOwn ? "sent-elsewhere" : "message";
  if (kind === "reaction") return isOwn ? "reacted-elsewhere" : kind;
  return isOwn ? "retracted-elsewhere" : kind;
}

/** What every message needs; it can be had once the mailbox was open. */
interface Ready {
  readonly omemo: Omemo;
  readonly own: Jid;
}

function readMessage(transaction: Transaction, omemo: Omemo, incoming: Incoming, message: Element): Content {
  if (isOmemoMessage(message)) return ofOpened(omemo.open(transaction, incoming, message));
  const said = readContent(message.getChild("body")?.getText(), childElements(message));
  if (!said) return { kind: "nothing" };
  return { kind: "said", device: undefined, said, isEncrypted: false, trust: undefined };
}

type Content =
  | { readonly kind: "nothing" }
  | Extract<Opened, { kind: "failed" }>
  | {
      readonly kind: "said";
      readonly device: InboxRecord["device"];
      readonly said: MessageContent;
      readonly isEncrypted: boolean;
      readonly trust: InboxRecord["trust"];
    };

function ofOpened(opened: Opened): Content {
  if (opened.kind === "key-transport") return { kind: "nothing" };
  if (opened.kind === "failed") return opened.isSilent ? { kind: "nothing" } : opened;
  const { device, elements, trust } = opened;
  const said = readContent(opened.kind === "plaintext" ? opened.plaintext : undefined, elements);
  return said ? { kind: "said", device, said, isEncrypted: true, trust } : { kind: "nothing" };
}

/** Reads entry by entry; one without a place in the mailbox is left to the next, which acknowledges it. */
function readEntries(deliver: Element, faults: unknown[]): ReadEntry[] {
  const found: ReadEntry[] = [];
  for (const element of deliver.getChildren("entry")) {
    try {
      found.push(readOne(element));
    } catch (error) {
      faults.push(error);
    }
  }
  return found;
}

function readOne(element: Element): ReadEntry {
  const seq = toSeq(attribute(element, "seq"));
  try {
    const [entry] = readDeliver(xml("deliver", { xmlns: NS.mailbox }, element));
    return { seq, element, entry, fault: undefined };
  } catch (fault) {
    return { seq, element, entry: undefined, fault };
  }
}
