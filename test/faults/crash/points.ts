import type { Patch } from "../../support/build.js";
import { after, importIn } from "./patches.js";

/** When the component passes a point: while people write, when it has nothing to do, or at a start with old entries. */
export type Occasion = "load" | "idle" | "old entries" | "old messages";

/** A place at which the component can be made to die. */
export interface CrashPoint {
  readonly name: string;
  readonly when: Occasion;
}

const MAILBOX = "component/mailbox";
const THREAD = "component/store/thread.ts";

/** Everything but the migrations. */
export const CRASH_POINTS: readonly CrashPoint[] = [
  { name: "a message is inserted and its entries are not", when: "load" },
  { name: "an entry is inserted", when: "load" },
  { name: "entries are inserted and not counted", when: "load" },
  { name: "between two operations of a commit", when: "load" },
  { name: "before a commit", when: "load" },
  { name: "after a commit", when: "load" },
  { name: "a submit is committed and not answered", when: "load" },
  { name: "before relaying", when: "load" },
  { name: "after relaying", when: "load" },
  { name: "entries are removed and their bodies are not", when: "load" },
  { name: "a receipt is inserted", when: "load" },
  { name: "an acknowledgement is committed and its receipts are not sent", when: "load" },
  { name: "a marker is committed and its receipts are not sent", when: "load" },
  { name: "before a checkpoint", when: "idle" },
  { name: "after a checkpoint", when: "idle" },
  { name: "entries have expired and nobody is told", when: "old entries" },
  { name: "a message is forgotten", when: "old messages" },
];

/** Where the points are, in a copy of the sources. */
export const CRASH_PATCHES: readonly Patch[] = [
  ...importIn(THREAD, 'import { Ballast } from "./ballast.js";\n'),
  {
    file: THREAD,
    find: "      this.#commit.run();\n",
    replace:
      '      failPoint("before a commit");\n      this.#commit.run();\n      failPoint("after a commit");\n',
  },
  {
    file: THREAD,
    find: "      this.#release.run();\n",
    replace: '      this.#release.run();\n      failPoint("between two operations of a commit");\n',
  },
  {
    file: THREAD,
    find: "      database.pragma(`wal_checkpoint(${how})`);\n",
    replace:
      '      failPoint("before a checkpoint");\n      database.pragma(`wal_checkpoint(${how})`);\n      failPoint("after a checkpoint");\n',
  },
  ...importIn(
    `${MAILBOX}/accept-store.ts`,
    'import { openAppMessages, type AppTraits } from "../apps/messages-store.js";\n',
  ),
  after(
    `${MAILBOX}/accept-store.ts`,
    "    const message = Number(row.lastInsertRowid);\n",
    "a message is inserted and its entries are not",
  ),
  ...importIn(
    `${MAILBOX}/posting-store.ts`,
    'import { openBlockCheck } from "../contacts/block-store.js";\n',
  ),
  after(
    `${MAILBOX}/posting-store.ts`,
    "      insertEntry.run(mailbox.device, seq, at, sizeBytes, message);\n",
    "an entry is inserted",
  ),
  {
    file: `${MAILBOX}/posting-store.ts`,
    find: "      if (mailbox.added > 0) count.run(mailbox);\n",
    replace:
      '      if (mailbox.added === 0) return;\n      failPoint("entries are inserted and not counted");\n      count.run(mailbox);\n',
  },
  ...importIn(`${MAILBOX}/handler.ts`, 'import { takeFrame } from "./frames.js";\n'),
  after(
    `${MAILBOX}/handler.ts`,
    "    if (!result) throw notAttached();\n",
    "a submit is committed and not answered",
  ),
  {
    file: `${MAILBOX}/handler.ts`,
    find: "    this.#ports.delivery.acknowledge(fullJid, seq);\n",
    replace:
      '    failPoint("an acknowledgement is committed and its receipts are not sent");\n    this.#ports.delivery.acknowledge(fullJid, seq);\n',
  },
  {
    file: `${MAILBOX}/handler.ts`,
    find: "    this.offerReceipts(made);\n    return [{ id, acceptedAt: now",
    replace:
      '    failPoint("a marker is committed and its receipts are not sent");\n    this.offerReceipts(made);\n    return [{ id, acceptedAt: now',
  },
  ...importIn(`${MAILBOX}/departures.ts`, 'import type { OpenSession } from "./open-session.js";\n'),
  {
    file: `${MAILBOX}/departures.ts`,
    find: "    this.tell(session.fullJid, content);\n",
    replace:
      '    failPoint("before relaying");\n    this.tell(session.fullJid, content);\n    failPoint("after relaying");\n',
  },
  ...importIn(
    `${MAILBOX}/entries-store.ts`,
    'import type { NewReceiptEntry, Receipts } from "../receipts/store.js";\n',
  ),
  after(
    `${MAILBOX}/entries-store.ts`,
    "      removeUpTo.run(device, seq);\n",
    "entries are removed and their bodies are not",
  ),
  ...importIn("component/receipts/store.ts", 'import type { Migration } from "../store/migrations.js";\n'),
  after(
    "component/receipts/store.ts",
    "      insertEntry.run(device, seq, at, sizeBytes, json, numberId);\n",
    "a receipt is inserted",
  ),
  ...importIn(`${MAILBOX}/retention-store.ts`, 'import { openEntries } from "./entries-store.js";\n'),
  after(
    `${MAILBOX}/retention-store.ts`,
    '        const ended = entries.end(found.device, seq, () => "expired", now);\n',
    "entries have expired and nobody is told",
  ),
  {
    file: `${MAILBOX}/retention-store.ts`,
    find: "        if (acceptedAt < before && pending === 0) remove.run(id);\n",
    replace:
      '        if (acceptedAt < before && pending === 0) {\n          remove.run(id);\n          failPoint("a message is forgotten");\n        }\n',
  },
];

const MIGRATIONS = "component/store/migrations.ts";

/** Where a migration can be interrupted, in the order in which it passes them. */
export const MIGRATION_POINTS = [
  "a step begins",
  "a step is done and not noted",
  "a step is noted and not committed",
  "a step is committed",
] as const;

/** Where these are. */
export const MIGRATION_PATCHES: readonly Patch[] = [
  ...importIn(MIGRATIONS, 'import { StorageError } from "../../src/errors.js";\n'),
  {
    file: MIGRATIONS,
    find: "    database.exec(migration.sql);\n",
    replace:
      '    failPoint("a step begins");\n    database.exec(migration.sql);\n    failPoint("a step is done and not noted");\n',
  },
  {
    file: MIGRATIONS,
    find: "checksum(migration), Date.now());\n  })();\n",
    replace:
      'checksum(migration), Date.now());\n    failPoint("a step is noted and not committed");\n  })();\n  failPoint("a step is committed");\n',
  },
];
