import { COMPONENT_FAULTS } from "../faults/seeded/faults.js";
import type { Patch } from "../support/build.js";

/** A fault that is put into a copy of the product, which the model has to notice. */
export interface ModelFault {
  readonly name: string;
  readonly patches: readonly Patch[];
  /** Whether it takes devices that come again and again without acknowledging. */
  readonly isForgetful?: boolean;
}

/** Faults of the store thread: the model has a thread of its own in its place. */
const BELOW = new Set(["accepted is told before the commit", "synchronous=NORMAL"]);

const MAILBOX = "component/mailbox";

const OWN_FAULTS: readonly ModelFault[] = [
  {
    name: "the end of a session that nobody noticed counts too late",
    isForgetful: true,
    patches: [
      {
        file: `${MAILBOX}/delivery.ts`,
        find: "    return session.window.isWaiting;\n",
        replace: "    return false;\n",
      },
    ],
  },
  {
    name: "a session in which something was acknowledged is nobody's fault",
    isForgetful: true,
    patches: [
      {
        file: `${MAILBOX}/delivery.ts`,
        find: "    const { first } = session.window;\n",
        replace: "    const first = session.window.hasSome ? undefined : session.window.first;\n",
      },
      {
        file: `${MAILBOX}/window.ts`,
        find: "    this.#cautiousLeft = Math.max(0, this.#cautiousLeft - done.length);\n",
        replace:
          "    this.#cautiousLeft = Math.max(0, this.#cautiousLeft - done.length);\n    this.hasSome ||= done.length > 0;\n",
      },
      {
        file: `${MAILBOX}/window.ts`,
        find: "  #cautiousLeft: number;\n",
        replace: "  #cautiousLeft: number;\n  hasSome = false;\n",
      },
    ],
  },
  {
    name: "the first in line gets one chance more",
    isForgetful: true,
    patches: [
      { file: `${MAILBOX}/service.ts`, find: "MAX_HEAD_ATTEMPTS = 5", replace: "MAX_HEAD_ATTEMPTS = 6" },
    ],
  },
  {
    name: "anybody can say that they have read a message",
    patches: [
      {
        file: "component/receipts/store.ts",
        find: "WHERE hash = ? AND origin_id = ? AND recipient = ?",
        replace: "WHERE hash = ? AND origin_id = ? AND ? > 0",
      },
    ],
  },
  {
    name: "the mailboxes of an account that is gone keep what is in them",
    patches: [
      {
        file: `${MAILBOX}/retention-store.ts`,
        find: "if (isBound.get(device)) orphansUpTo = device;",
        replace: "if (device > 0) orphansUpTo = device;",
      },
    ],
  },
  {
    name: "a body outlives the last entry that needs it",
    patches: [
      {
        file: `${MAILBOX}/entries-store.ts`,
        find: "payload = CASE WHEN pending > 1 THEN payload END",
        replace: "payload = CASE WHEN pending > 0 THEN payload END",
      },
    ],
  },
  {
    name: "what a device has when it attaches is not taken for acknowledged",
    patches: [
      {
        file: `${MAILBOX}/attach-store.ts`,
        find: "else made.push(...acknowledge(row.device, last, [], now));",
        replace: "else made.push(...acknowledge(row.device, Math.min(last, 0), [], now));",
      },
    ],
  },
  {
    name: "a block holds nobody up",
    patches: [
      {
        file: `${MAILBOX}/accept-store.ts`,
        find: "recipient !== undefined && !recipient.hasBlocked;",
        replace: "recipient !== undefined;",
      },
    ],
  },
  {
    name: "the next owner of a number inherits devices, mailboxes and blocks",
    patches: [
      {
        file: "component/accounts/store.ts",
        find: "      const retired = retire(byNumber.get(account.numberHash));\n",
        replace: `      const heir = byNumber.get(account.numberHash);
      if (heir) {
        database.prepare("UPDATE accounts SET jid = ? WHERE id = ?").run(account.jid, heir.id);
        insertDevice.run(heir.id, account.device?.deviceId ?? null, account.device?.keyHash ?? null, account.now, account.now);
        return { accountId: heir.id, retired: undefined };
      }
      const retired = undefined;\n`,
      },
    ],
  },
  {
    name: "a process that comes after one that died asks nobody to attach again",
    patches: [
      {
        file: `${MAILBOX}/delivery.ts`,
        find: "    for (const fullJid of fullJids) this.#recalled.add(fullJid);\n",
        replace: "    void fullJids;\n",
      },
    ],
  },
  {
    name: "an answer in a frame does not say what was accepted before",
    patches: [{ file: "src/frame-submit.ts", find: "      !one.isDuplicate &&\n", replace: "" }],
  },
  {
    name: "what is deleted at once goes on waiting for others",
    patches: [
      {
        file: "component/admin/erasure-store.ts",
        find: "if (row.isAtOnce && row.device >= 0) {",
        replace: "if (row.isAtOnce && row.device > 0) {",
      },
    ],
  },
  {
    name: "a deletion takes what still waits for others",
    patches: [
      {
        file: "component/admin/erasure-store.ts",
        find: "isAtOnce === 1 || pending <= 0",
        replace: "isAtOnce === 1 || pending <= 1",
      },
    ],
  },
];

/** Everything that the model has to notice. */
export const MODEL_FAULTS: readonly ModelFault[] = [
  ...COMPONENT_FAULTS.filter(({ name }) => !BELOW.has(name)).map(({ name, patches }) => {
    return { name, patches, isForgetful: name === "what is set aside is told to nobody" };
  }),
  ...OWN_FAULTS,
];
