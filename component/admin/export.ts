import type { PhoneNumber } from "../../src/phone-number.js";
import { formatStamp } from "../../src/clock.js";
import type { ReceiptContent } from "../receipts/store.js";
import type { Remote } from "../store/operations.js";
import type { Vault } from "../store/vault.js";
import type { Page, PersonRow } from "./person-store.js";
import type { AdminOperations } from "./store.js";

/** One line of an export: what it speaks of, and its content. */
export type ExportLine = { readonly type: string } & Readonly<Record<string, unknown>>;

interface ExportPorts {
  readonly store: Remote<AdminOperations>;
  readonly vault: Vault;
}

/** Tells everything that is kept about a number, read in turns while the component goes on. */
export async function* exportLines(
  { store, vault }: ExportPorts,
  number: PhoneNumber,
  person: PersonRow,
): AsyncGenerator<ExportLine> {
  yield { type: "number", number };
  yield* aboutAccount(person);
  const { account, devices } = person;
  if (!account) return;
  const messages = pages((after) => store.messagesOf(account.id, after));
  for await (const { id, acceptedAt, isSent, peer, payload } of messages) {
    const other = { [isSent ? "to" : "from"]: vault.openNumber(peer) };
    yield { type: "message", id, ...other, acceptedAt: formatStamp(acceptedAt), payload };
  }
  for (const { mailbox, deviceId } of devices) {
    for await (const { receipt, at, peer } of pages((after) => store.receiptsIn(mailbox, after))) {
      const { state, ids } = JSON.parse(receipt) as ReceiptContent;
      yield { type: "receipt", deviceId, from: vault.openNumber(peer), state, ids, at: formatStamp(at) };
    }
  }
}

function* aboutAccount({ account, devices, signUps }: PersonRow): Generator<ExportLine> {
  for (const { country, startedAt, state } of signUps)
    yield { type: "sign-up", country, startedAt: formatStamp(startedAt), state };
  if (!account) return;
  const { jid, isMadeHere, hasPin, createdAt } = account;
  const linkedAt = formatStamp(createdAt);
  yield { type: "account", jid, isMadeHere: isMadeHere === 1, hasPin: hasPin === 1, linkedAt };
  for (const { deviceId, boundAt, seenAt, waitingEntries, waitingBytes } of devices) {
    const [bound, seen] = [formatStamp(boundAt), formatStamp(seenAt)];
    yield { type: "device", deviceId, boundAt: bound, seenAt: seen, waitingEntries, waitingBytes };
  }
}

async function* pages<Row>(read: (after: number) => Promise<Page<Row>>): AsyncGenerator<Row> {
  let next: number | null = 0;
  while (next !== null) {
    const page: Page<Row> = await read(next);
    yield* page.rows;
    next = page.next;
  }
}
