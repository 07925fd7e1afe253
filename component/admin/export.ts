import type { PhoneNumber } from "../../src/phone-number.js";
import { formatStamp } from "../../src/clock.js";
import { openWaiting } from "../linking/linking.js";
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
  yield* aboutContacts({ store, vault }, account.id);
  yield* aboutDealings({ store, vault }, account);
  const messages = pages((after) => store.messagesOf(account.id, after));
  for await (const { id, acceptedAt, isSent, peer, payload } of messages) {
    const other = { [isSent ? "to" : "from"]: vault.openLocalpart(peer) || "service" };
    yield { type: "message", id, ...other, acceptedAt: formatStamp(acceptedAt), payload };
  }
  for (const { mailbox, deviceId } of devices) {
    for await (const { receipt, at, peer } of pages((after) => store.receiptsIn(mailbox, after))) {
      const { state, ids } = JSON.parse(receipt) as ReceiptContent;
      yield { type: "receipt", deviceId, from: vault.openNumber(peer), state, ids, at: formatStamp(at) };
    }
  }
}

async function* aboutContacts({ store, vault }: ExportPorts, account: number): AsyncGenerator<ExportLine> {
  for await (const relation of pages((after) => store.relationsOf(account, after))) {
    const { isSubscriber, peer, isSubscribed, isApproved, isDenied, askedAt } = relation;
    const other = vault.openNumber(peer);
    const asked = { isSubscribed: isSubscribed === 1, askedAt: askedAt === 0 ? null : formatStamp(askedAt) };
    // What the other one decided, perhaps before being asked, is the other one's
    if (isSubscriber === 0) {
      const decided = { isApproved: isApproved === 1, isDenied: isDenied === 1 };
      yield { type: "relation", from: other, ...asked, ...decided };
    } else if (isSubscribed === 1) yield { type: "relation", to: other, ...asked };
  }
  for (const { peer, isHere, isOnHost, at } of await store.blockedBy(account)) {
    const places = { isHere: isHere === 1, isOnHost: isOnHost === 1 };
    yield { type: "block", number: vault.openNumber(peer), ...places, at: formatStamp(at) };
  }
}

async function* aboutDealings(
  { store, vault }: ExportPorts,
  { id, jid }: NonNullable<PersonRow["account"]>,
): AsyncGenerator<ExportLine> {
  const { isWelcoming, lookUps, linking, invitation, hintedAt } = await store.dealingsOf(id, jid);
  if (isWelcoming) yield { type: "strangers", areWelcome: true };
  for await (const { stranger, at } of pages((after) => store.answersOf(id, after)))
    yield {
      type: "stranger",
      answeredAt: formatStamp(at),
      address: stranger && vault.openLocalpart(stranger),
    };
  if (lookUps) yield { type: "look-ups", numbers: lookUps.numbers, newestAt: formatStamp(lookUps.newestAt) };
  if (linking) {
    const { number = null } = openWaiting(vault, linking.sealed) ?? {};
    yield { type: "linking", number, expiresAt: formatStamp(linking.expiresAt) };
  }
  if (invitation) {
    const seenAt = invitation.seenAt === null ? null : formatStamp(invitation.seenAt);
    yield { type: "invitation", expiresAt: formatStamp(invitation.expiresAt), seenAt };
  }
  if (hintedAt !== undefined) yield { type: "chat-hint", at: formatStamp(hintedAt) };
}

function* aboutAccount({ account, devices, signUps, privacy, lastSeen }: PersonRow): Generator<ExportLine> {
  for (const { country, startedAt, state } of signUps)
    yield { type: "sign-up", country, startedAt: formatStamp(startedAt), state };
  if (!account) return;
  const { jid, isMadeHere, hasPin, createdAt } = account;
  const linkedAt = formatStamp(createdAt);
  yield { type: "account", jid, isMadeHere: isMadeHere === 1, hasPin: hasPin === 1, linkedAt };
  if (privacy) yield { type: "privacy", ...privacy };
  if (lastSeen) yield { type: "last-seen", isOnline: lastSeen.isOnline === 1, at: formatStamp(lastSeen.at) };
  for (const { deviceId, resource, boundAt, seenAt, waitingEntries, waitingBytes } of devices) {
    const [bound, seen] = [formatStamp(boundAt), formatStamp(seenAt)];
    yield { type: "device", deviceId, resource, boundAt: bound, seenAt: seen, waitingEntries, waitingBytes };
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
