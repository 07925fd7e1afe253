import { expect } from "chai";
import { canAcknowledge, decideTry, isGone, isUndelivered } from "../../../component/apps/service.js";
import { AppSession } from "../../../component/apps/session.js";
import type { MessageId } from "../../../src/ids.js";

const ROMEO = "+15551230001@phone.example.org";
const about = { device: 1, fullJid: "j@example.org/a", account: "j@example.org" };
const newSession = (): AppSession => {
  const session = new AppSession({ ...about, givesReceipts: true, answersPings: true });
  session.began({ once: 0, twice: 0, answered: 0 });
  return session;
};
const send = (
  session: AppSession,
  seq: number,
  canAcknowledge: boolean,
  atMs = 0,
  sizeBytes = 100,
  isAgain = false,
): void => {
  const content = {
    kind: "message",
    from: ROMEO,
    to: "",
    id: `m${seq}` as MessageId,
    at: 0,
    payload: "",
  } as const;
  session.send({ device: 1, seq, sizeBytes, content }, { canAcknowledge, isAgain, atMs });
};

describe("decideTry", () => {
  for (const [seq, canAcknowledge, decision] of [
    [6, false, "first"],
    [5, false, "again"],
    [3, false, "over"],
    [3, true, "again"],
    [5, true, "again"],
  ] as const)
    it(`finds ${decision} for ${seq} of those sent twice up to 3 and once up to 5`, () => {
      expect(decideTry(seq, { once: 5, twice: 3, answered: 0 }, canAcknowledge)).to.equal(decision);
    });
});

describe("canAcknowledge", () => {
  for (const [seq, isContent, givesReceipts, expected] of [
    [3, true, true, true],
    [3, false, true, false],
    [3, true, false, false],
    [2, true, true, false],
  ] as const)
    it(`is ${expected} for entry ${seq}, ${isContent ? "" : "no "}content, ${givesReceipts ? "" : "no "}receipts, answered up to 2`, () => {
      const sent = { once: 5, twice: 0, answered: 2 };
      expect(canAcknowledge(seq, sent, { isContent, givesReceipts })).to.equal(expected);
    });
});

describe("isGone", () => {
  it("holds for what a server says of nobody, and not for what an app says itself", () => {
    expect(isGone({ condition: "service-unavailable" })).to.equal(true);
    expect(isGone({ condition: "not-acceptable" })).to.equal(false);
    expect(isGone({ condition: "feature-not-implemented" })).to.equal(false);
  });
});

describe("isUndelivered", () => {
  it("does not hold for what stream management gives back", () => {
    expect(isUndelivered({ condition: "service-unavailable" })).to.equal(true);
    expect(isUndelivered({ condition: "recipient-unavailable" })).to.equal(false);
  });
});

describe("AppSession", () => {
  it("sends one entry at a time until one has ended, where caution is asked for", () => {
    const session = new AppSession({ ...about, givesReceipts: true, answersPings: true });
    session.began({ once: 1, twice: 1, answered: 0 }, true);
    expect(session.room).to.equal(1);
    send(session, 1, true);
    expect(session.room).to.equal(0);
    session.end(1);
    expect(session.room).to.equal(64);
  });

  it("has room for 64 entries and 256 KiB", () => {
    const many = newSession();
    for (let seq = 1; seq <= 64; seq += 1) send(many, seq, true);
    expect(many.room).to.equal(0);
    many.end(10);
    expect(many.room).to.equal(1);
    const large = newSession();
    send(large, 1, true, 0, 256 * 1024);
    expect(large.room).to.equal(0);
  });

  it("ends what went before a barrier and cannot be acknowledged, and nothing else", () => {
    const session = newSession();
    send(session, 1, false);
    send(session, 2, true);
    const mark = session.mark();
    send(session, 3, false);
    expect(session.confirm(mark, 0)).to.deep.equal({ ended: [1], waiting: 2 });
  });

  it("needs a barrier only for what cannot be acknowledged, or when a receipt is late", () => {
    const session = newSession();
    send(session, 1, true, 0);
    expect(session.needsBarrier).to.equal(false);
    expect(session.isBarrierDue(4_999)).to.equal(false);
    expect(session.isBarrierDue(5_000)).to.equal(true);
    session.confirm(session.mark(), 5_000);
    expect(session.isBarrierDue(60_000)).to.equal(false);
    send(session, 2, false);
    expect(session.needsBarrier).to.equal(true);
  });

  it("needs a barrier for what went in vain before, until it has arrived", () => {
    const session = newSession();
    send(session, 1, true, 0, 100, true);
    expect(session.needsBarrier).to.equal(true);
    session.confirm(session.mark(), 0);
    expect(session.needsBarrier).to.equal(false);
  });

  it("expects no receipt any more ten seconds after a message has arrived, and waits as long as it has not", () => {
    const session = newSession();
    send(session, 1, true);
    expect(session.overdue(1_000_000)).to.deep.equal([]);
    session.confirm(session.mark(), 1_000);
    expect(session.overdue(10_999)).to.deep.equal([]);
    expect(session.overdue(11_000)).to.deep.equal([1]);
  });

  it("finds an entry by who sent it and its id, while it is on the way", () => {
    const session = newSession();
    send(session, 1, true);
    expect(session.seqOf(ROMEO, "m1" as MessageId)).to.equal(1);
    expect(session.seqOf("+15551230009@phone.example.org", "m1" as MessageId)).to.equal(undefined);
    session.end(1);
    expect(session.seqOf(ROMEO, "m1" as MessageId)).to.equal(undefined);
  });

  it("asks to be noted what stays on the way, once", () => {
    const session = newSession();
    send(session, 1, true, 0);
    expect(session.isNoteDue(200, 250)).to.equal(false);
    expect(session.isNoteDue(250, 250)).to.equal(true);
    expect(session.toNote()).to.deep.equal({ once: 1 });
    expect(session.isNoteDue(250, 250)).to.equal(false);
    expect(session.toNote()).to.deep.equal({});
  });

  it("asks to be noted what goes again when it has gone", () => {
    const session = newSession();
    session.began({ once: 2, twice: 0, answered: 0 });
    send(session, 1, true, 0, 100, true);
    send(session, 2, true, 0, 100, true);
    send(session, 3, true, 0);
    expect(session.isNoteDue(250, 250)).to.equal(true);
    expect(session.toNote()).to.deep.equal({ once: 3, twice: 2 });
    expect(session.isNoteDue(250, 250)).to.equal(false);
  });
});
