import type { Violation } from "../../../sdk/testing/mod.js";
import type { Patch } from "../../support/build.js";
import type { ScenarioName } from "./plays.js";

/** A fault that is put into a copy of the product, what provokes it and how it has to show. */
export interface SeededFault {
  readonly name: string;
  readonly patches: readonly Patch[];
  readonly scenario: ScenarioName;
  /** The journals have to show one of these. */
  readonly shows: readonly Violation["kind"][];
}

const MAILBOX = "component/mailbox";

/** Faults of the component. */
export const COMPONENT_FAULTS: readonly SeededFault[] = [
  {
    name: "accepted is told before the commit",
    // The transaction stays open for what may still come, and its outcomes are told
    patches: [
      {
        file: "component/store/thread.ts",
        find: "      this.#begin.run();\n",
        replace:
          "      if (!this.#database.inTransaction) {\n        this.#begin.run();\n        setTimeout(() => this.#commit.run(), 2_000);\n      }\n",
      },
      {
        file: "component/store/thread.ts",
        find: "      this.#commit.run();\n      return outcomes;\n",
        replace: "      return outcomes;\n",
      },
    ],
    scenario: "diesOnAccepted",
    shows: ["accepted-but-lost"],
  },
  {
    name: "synchronous=NORMAL",
    // The component refuses to run so by itself: that guard goes too
    patches: [
      { file: "component/store/database.ts", find: "synchronous = FULL", replace: "synchronous = NORMAL" },
      {
        file: "component/store/database.ts",
        find: "const SYNCHRONOUS_FULL = 2",
        replace: "const SYNCHRONOUS_FULL = 1",
      },
    ],
    scenario: "losesPowerOnAccepted",
    shows: ["accepted-but-lost"],
  },
  {
    name: "an entry is deleted when it is sent",
    patches: [
      {
        file: `${MAILBOX}/read-store.ts`,
        find: "        entries.push(readEntry(row, numberOf));\n      }\n",
        replace:
          '        entries.push(readEntry(row, numberOf));\n      }\n      database.prepare("DELETE FROM entries WHERE device = ? AND seq <= ?").run(device, entries.at(-1)?.seq ?? 0);\n',
      },
    ],
    scenario: "diesOnArrival",
    shows: ["accepted-but-lost"],
  },
  {
    name: "the service does not know an origin id again",
    // The table has a constraint of its own against it
    patches: [
      {
        file: `${MAILBOX}/accept-store.ts`,
        find: "const known = earlier.get(account, id);",
        replace: "const known = undefined;",
      },
      {
        file: `${MAILBOX}/store.ts`,
        find: "        payload TEXT,\n        UNIQUE (sender, origin_id)\n",
        replace: "        payload TEXT\n",
      },
    ],
    scenario: "answerIsLost",
    shows: ["shown-twice"],
  },
  {
    name: "delivered is told before the acknowledgement",
    patches: [
      {
        file: `${MAILBOX}/accept-store.ts`,
        find: "    for (const { device, deviceId } of deliver) receipts.begin(message, device, deviceId, now);\n",
        replace:
          '    for (const { device, deviceId } of deliver) receipts.begin(message, device, deviceId, now);\n    for (const { device } of deliver) made.push(...receipts.raise([{ message, device, state: "delivered" }], now));\n',
      },
    ],
    scenario: "senderIsAway",
    shows: ["receipt-too-early"],
  },
  {
    name: "a receipt is lost when the sender is away",
    patches: [
      {
        file: "component/receipts/store.ts",
        find: 'isApp FROM devices WHERE account = ?"',
        replace: 'isApp FROM devices WHERE account = ? AND attached_jid IS NOT NULL"',
      },
    ],
    scenario: "senderIsAway",
    shows: ["receipt-lost"],
  },
  {
    name: "a receipt goes back from read to delivered",
    patches: [
      {
        file: "component/receipts/store.ts",
        find: "AND state < ? RETURNING",
        replace: "AND state <> ? RETURNING",
      },
    ],
    scenario: "isReadAtOnce",
    shows: ["receipt-went-backwards"],
  },
  {
    name: "the cursor begins behind the next entry",
    patches: [
      {
        file: `${MAILBOX}/attach-store.ts`,
        find: "        acknowledged: last,\n",
        replace: "        acknowledged: last + 1,\n",
      },
    ],
    scenario: "comesAndGoes",
    shows: ["accepted-but-lost"],
  },
  {
    name: "an acknowledgement takes one entry too many",
    patches: [
      {
        file: `${MAILBOX}/entries-store.ts`,
        find: '"DELETE FROM entries WHERE device = ? AND seq <= ?"',
        replace: '"DELETE FROM entries WHERE device = ? AND seq <= ? + 1"',
      },
    ],
    scenario: "comesAndGoes",
    shows: ["accepted-but-lost"],
  },
  {
    name: "a mailbox is emptied last in, first out",
    patches: [
      {
        file: `${MAILBOX}/read-store.ts`,
        find: "ORDER BY seq LIMIT ?`;",
        replace: "ORDER BY seq DESC LIMIT ?`;",
      },
    ],
    scenario: "diesOnArrival",
    shows: ["out-of-order"],
  },
  {
    name: "a message goes into the mailboxes of others too",
    patches: [
      {
        file: `${MAILBOX}/accept-store.ts`,
        find: "isReached ? postings.mailboxesOf(recipient.account)",
        replace:
          "isReached ? Array.from({ length: 9 }, (_, more) => postings.mailboxesOf(recipient.account + more)).flat()",
      },
    ],
    scenario: "comesAndGoes",
    shows: ["shown-but-never-sent"],
  },
  {
    name: "what is sent again begins one entry late",
    patches: [
      {
        file: `${MAILBOX}/window.ts`,
        find: "this.#sent = first.seq - 1;",
        replace: "this.#sent = first.seq;",
      },
    ],
    scenario: "deliveryIsLost",
    shows: ["accepted-but-lost"],
  },
  {
    name: "the window has no bound",
    patches: [
      {
        file: `${MAILBOX}/window.ts`,
        find: "this.#cautiousLeft > 0 ? 1 : this.#limits.entries;",
        replace: "this.#cautiousLeft > 0 ? 1 : Infinity;",
      },
    ],
    scenario: "readerIsSlow",
    shows: ["window-exceeded"],
  },
  {
    name: "what is set aside is told to nobody",
    patches: [
      {
        file: `${MAILBOX}/attach-store.ts`,
        find: 'made.push(...entries.end(row.device, first, () => "expired", now).receipts);',
        replace: 'entries.end(row.device, first, () => "accepted", now);',
      },
    ],
    scenario: "firstIsDeadly",
    shows: ["accepted-but-lost"],
  },
  {
    name: "what has expired comes back",
    // Its sender is told, and it stays where it is
    patches: [
      {
        file: `${MAILBOX}/retention-store.ts`,
        find: 'const ended = entries.end(found.device, seq, () => "expired", now);',
        replace: `const rows = database
          .prepare("SELECT message FROM entries WHERE device = ? AND seq <= ? AND message IS NOT NULL")
          .all(found.device, seq) as { message: number }[];
        const changes = rows.map(({ message }) => ({ message, device: found.device, state: "expired" as const }));
        const ended = { count: rows.length, receipts: receipts.raise(changes, now) };`,
      },
      {
        file: `${MAILBOX}/retention-store.ts`,
        find: "expiredUpTo = found.device - 1;",
        replace: "expiredUpTo = found.device;",
      },
    ],
    scenario: "waitsTooLong",
    shows: ["came-back-after-expiry"],
  },
];

/** Faults of the SDK. */
export const SDK_FAULTS: readonly SeededFault[] = [
  {
    name: "the SDK acknowledges a message before it has committed the ratchet and the text",
    patches: [
      {
        file: "sdk/client/reception.ts",
        find: "    let intake: Intake;\n",
        replace: `    let intake: Intake;
    const message = deliver.getChildren("entry").findLast((entry) => entry.getChild("message"));
    if (message) {
      service.acknowledge(\`<ack xmlns='\${deliver.attrs.xmlns}' seq='\${message.attrs.seq}'/>\`);
      await new Promise((resolve) => setTimeout(resolve, 2_000));
    }
`,
      },
    ],
    scenario: "diesOnDelivered",
    shows: ["accepted-but-lost"],
  },
  {
    name: "the SDK knows neither its cursor nor an id again",
    patches: [
      {
        file: "sdk/client/inbox.ts",
        find: "if (draft.added > 0) writeCursor(transaction, draft.cursor);",
        replace: "",
      },
      { file: "sdk/client/inbox.ts", find: "if (this.#seen.get(transaction, key)) return;", replace: "" },
    ],
    scenario: "acknowledgementIsLost",
    shows: ["shown-twice"],
  },
  {
    name: "the outbox forgets what it held when the process begins anew",
    patches: [
      {
        file: "sdk/client/outbox.ts",
        find: "for (const record of outboxRecords(view)) this.#queue.add(record);",
        replace: "void outboxRecords(view);",
      },
    ],
    scenario: "diesWithFullOutbox",
    shows: ["send-without-end"],
  },
  {
    name: "the outbox submits a conversation backwards",
    patches: [
      {
        file: "sdk/client/outbox.ts",
        find: "      for (const entry of waiting) {\n",
        replace: "      for (const entry of waiting.reverse()) {\n",
      },
    ],
    scenario: "diesWithFullOutbox",
    shows: ["out-of-order"],
  },
  {
    name: "the SDK takes a message for accepted when it has submitted it",
    patches: [
      {
        file: "sdk/client/outbox.ts",
        find: "const outcomes = await this.#ports.submit(batch as (Queued & { payload: string })[]);",
        replace:
          "this.#ports.submit(batch as (Queued & { payload: string })[]).catch(() => undefined);\n      const outcomes = batch.map(({ id }) => ({ id, acceptedAt: Date.now(), isDuplicate: false }));",
      },
    ],
    scenario: "submitIsLost",
    shows: ["accepted-but-lost"],
  },
];
