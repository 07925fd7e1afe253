import { expect } from "chai";
import {
  decideAcceptance,
  decideHead,
  isSignedBy,
  MAX_HEAD_ATTEMPTS,
  refusalError,
  type AcceptanceFacts,
  type MailboxFacts,
} from "../../../component/mailbox/service.js";
import { sign } from "node:crypto";
import { newDeviceKey } from "../../support/raw-device.js";

const LIMITS = { maxEntries: 3, maxBytes: 1000 };
const ROMEO = 1;
const JULIET = 2;

function mailbox(device: number, pendingCount = 0, pendingBytes = 0): MailboxFacts {
  return { device, pendingCount, pendingBytes };
}

/** A message from Romeo's first device to Juliet's two, with what differs. */
function facts(changes: Partial<AcceptanceFacts> = {}): AcceptanceFacts {
  return {
    earlier: undefined,
    recipient: { account: JULIET, mailboxes: [mailbox(20), mailbox(21)] },
    senderMailboxes: [mailbox(11)],
    senderAccount: ROMEO,
    sizeBytes: 100,
    isBehindRefused: false,
    ...changes,
  };
}

/** What is decided, as device numbers. */
function decided(changes: Partial<AcceptanceFacts>): unknown {
  const decision = decideAcceptance(facts(changes), LIMITS);
  if (decision.kind !== "accept") return decision;
  const devices = (mailboxes: readonly MailboxFacts[]) => mailboxes.map(({ device }) => device);
  return { deliver: devices(decision.deliver), skip: devices(decision.skip), copy: devices(decision.copy) };
}

const to = (...mailboxes: readonly MailboxFacts[]) => ({ recipient: { account: JULIET, mailboxes } });
const full = { kind: "refuse", refusal: "mailbox-full" };

const CASES: readonly [what: string, changes: Partial<AcceptanceFacts>, decision: unknown][] = [
  ["goes to every mailbox, with copies", {}, { deliver: [20, 21], skip: [], copy: [11] }],
  ["is a duplicate", { earlier: { isSame: true, acceptedAt: 7 } }, { kind: "duplicate", acceptedAt: 7 }],
  [
    "is a duplicate even when the number is gone",
    { earlier: { isSame: true, acceptedAt: 7 }, recipient: undefined },
    { kind: "duplicate", acceptedAt: 7 },
  ],
  ["reuses an id", { earlier: { isSame: false, acceptedAt: 7 } }, { kind: "refuse", refusal: "id-reused" }],
  [
    "stands behind one that found the mailbox full",
    { isBehindRefused: true },
    { kind: "refuse", refusal: "mailbox-full" },
  ],
  ["goes to nobody", { recipient: undefined }, { kind: "refuse", refusal: "no-such-number" }],
  [
    "finds one mailbox with the most entries",
    to(mailbox(20, 3), mailbox(21)),
    { deliver: [21], skip: [20], copy: [11] },
  ],
  [
    "finds one mailbox with too many bytes",
    to(mailbox(20, 0, 901), mailbox(21)),
    { deliver: [21], skip: [20], copy: [11] },
  ],
  ["just fits", to(mailbox(20, 2, 900)), { deliver: [20], skip: [], copy: [11] }],
  ["finds every mailbox full", to(mailbox(20, 3), mailbox(21, 0, 1000)), full],
  ["is larger than any mailbox", { sizeBytes: 1001 }, full],
  [
    "leaves out a full mailbox of one's own",
    { senderMailboxes: [mailbox(11, 3), mailbox(12)] },
    { deliver: [20, 21], skip: [], copy: [12] },
  ],
  [
    "is a note to oneself",
    { recipient: { account: ROMEO, mailboxes: [mailbox(10), mailbox(11)] } },
    { deliver: [11], skip: [], copy: [] },
  ],
  [
    "is a note to oneself without other devices",
    { recipient: { account: ROMEO, mailboxes: [mailbox(10)] }, senderMailboxes: [] },
    { kind: "refuse", refusal: "no-other-device" },
  ],
];

describe("decideAcceptance", () => {
  for (const [what, changes, decision] of CASES) {
    it(`decides about a message that ${what}`, () => {
      expect(decided(changes)).to.deep.equal(decision);
    });
  }
});

describe("decideHead", () => {
  const HEADS: readonly [seq: number, attempts: number, isSetAside: boolean, isCautious: boolean][] = [
    [1, 0, false, false],
    [1, 1, false, false],
    [1, 2, false, true],
    [1, 4, false, true],
    [1, MAX_HEAD_ATTEMPTS, true, false],
    [1, 9, true, false],
    [2, 9, false, false],
  ];
  for (const [seq, attempts, isSetAside, isCautious] of HEADS) {
    it(`decides about entry 1 when entry ${seq} was delivered in vain ${attempts} times`, () => {
      expect(decideHead({ seq, attempts }, 1)).to.deep.equal({ isSetAside, isCautious });
    });
  }
});

describe("refusalError", () => {
  it("says whether trying again helps", () => {
    expect(refusalError("id-reused")).to.include({ condition: "conflict", type: "cancel" });
    expect(refusalError("no-such-number")).to.include({ condition: "item-not-found", type: "cancel" });
    expect(refusalError("mailbox-full")).to.include({ condition: "resource-constraint", type: "wait" });
  });
});

describe("isSignedBy", () => {
  it("holds for this key, this statement and this signature alone", () => {
    const key = newDeviceKey();
    const statement = Buffer.from("statement");
    const signature = sign(null, statement, key.privateKey);
    expect(isSignedBy(key.publicKey, statement, signature)).to.equal(true);
    expect(isSignedBy(key.publicKey, Buffer.from("other"), signature)).to.equal(false);
    expect(isSignedBy(newDeviceKey().publicKey, statement, signature)).to.equal(false);
    expect(isSignedBy(key.publicKey, statement, signature.subarray(1))).to.equal(false);
    expect(isSignedBy(key.publicKey.subarray(1), statement, signature)).to.equal(false);
    expect(isSignedBy(Buffer.alloc(0), statement, Buffer.alloc(0))).to.equal(false);
    expect(isSignedBy(Buffer.alloc(32, 255), statement, signature)).to.equal(false);
  });
});
