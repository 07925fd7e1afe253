import { expect } from "chai";
import type { Database } from "better-sqlite3";
import { RECEIPT_STATES } from "../../src/receipt-state.js";
import type { Entry } from "../../src/mailbox-deliver.js";
import type { ReceiptContent } from "../../component/receipts/store.js";
import type { Model } from "./model.js";
import type { Device, Message } from "./things.js";
import { payloadOf, type Real } from "./real.js";

interface EntryRow {
  device: number;
  seq: number;
  sender: number | null;
  id: string | null;
  payload: string | null;
  receipt: string | null;
}

/** The database holds what the model holds, and devices were sent what the model sent. @throws when not */
export function compare(model: Model, real: Real): void {
  const { database } = real.durable;
  expect(entriesIn(database), "what waits").to.deep.equal(
    model.devices.flatMap((device) =>
      device.entries.map(({ seq, content }) => `${device.row}.${seq} ${describeStored(content)}`),
    ),
  );
  expect(messagesIn(database), "what was accepted, and who has it").to.deep.equal(
    model.messages.map(describeMessage),
  );
  for (const device of model.devices) compareSession(device, real);
}

function compareSession(device: Device, real: Real): void {
  const { session, deviceId } = device;
  if (deviceId === undefined) return;
  const outside = real.device(deviceId);
  expect(outside.isOpen, `device ${device.row} is attached`).to.equal(session !== undefined);
  if (!session) return;
  expect(
    outside.received.map(({ seq }) => seq),
    `what was sent to device ${device.row}`,
  ).to.deep.equal(session.delivered);
  const waiting = new Map(device.entries.map(({ seq, content }) => [seq, content]));
  for (const entry of outside.received) {
    const content = waiting.get(entry.seq);
    if (content !== undefined) expect(describeEntry(entry)).to.equal(describeDelivered(content));
  }
}

// The number that a receipt came from is sealed in the database; what is sent is compared with it
function describeStored(content: Message | string): string {
  if (typeof content === "string") return content.replace(/ by [+0-9]+/, "");
  return `${content.sender}/${content.id}: ${payloadOf(content.text)}`;
}

function describeDelivered(content: Message | string): string {
  return typeof content === "string" ? content : `${content.id}: ${payloadOf(content.text)}`;
}

function describeEntry(entry: Entry): string {
  if (entry.kind === "message") return `${entry.id}: ${entry.payload}`;
  return `${entry.state} by ${entry.from.split("@")[0]}: ${entry.ids.join(" ")}`;
}

function describeMessage({ sender, id, pending, states }: Message): string {
  const rows = [...states].sort(([one], [other]) => one - other).map(([row, state]) => `${row} ${state}`);
  return `${sender}/${id} for ${pending}${pending > 0 ? "" : ", no body"}: ${rows.join(", ")}`;
}

function entriesIn(database: Database): string[] {
  const rows = database
    .prepare<[], EntryRow>(
      `SELECT device, seq, sender, origin_id AS id, payload, receipt
       FROM entries LEFT JOIN messages ON messages.id = message ORDER BY device, seq`,
    )
    .all();
  return rows.map(({ device, seq, sender, id, payload, receipt }) => {
    if (receipt === null) return `${device}.${seq} ${sender}/${id}: ${payload}`;
    const { state, ids } = JSON.parse(receipt) as ReceiptContent;
    return `${device}.${seq} ${state}: ${ids.join(" ")}`;
  });
}

function messagesIn(database: Database): string[] {
  const states = database.prepare<[number], { device: number; state: number }>(
    "SELECT device, state FROM receipts WHERE message = ? ORDER BY device",
  );
  const rows = database
    .prepare<[], { row: number; sender: number; id: string; pending: number; hasBody: 0 | 1 }>(
      `SELECT id AS row, sender, origin_id AS id, pending, payload IS NOT NULL AS hasBody FROM messages ORDER BY messages.id`,
    )
    .all();
  return rows.map(({ row, sender, id, pending, hasBody }) => {
    const told = states.all(row).map(({ device, state }) => `${device} ${RECEIPT_STATES[state]}`);
    return `${sender}/${id} for ${pending}${hasBody === 1 ? "" : ", no body"}: ${told.join(", ")}`;
  });
}
