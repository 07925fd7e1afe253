import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { TwotickError } from "../../../sdk/mod.js";
import { checkJournals, hashBody, Journal, type JournalLine, readJournal } from "../../../sdk/testing/mod.js";
import { temporaryFolder } from "../../support/prosody.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";

type Content<Line> = Line extends JournalLine ? Omit<Line, "at"> : never;

/** Lines one second apart. */
function journal(...lines: Content<JournalLine>[]): JournalLine[] {
  return lines.map((line, index) => ({ at: (index + 1) * 1_000, ...line }));
}

const started = (number: string, device = 1) => ({ kind: "started", number, device }) as const;
const open = { kind: "state", isAttached: true } as const;
const asked = (id: string, to = JULIET) => ({ kind: "asked", id, to, body: hashBody(id) }) as const;
const told = (id: string, state: "accepted" | "delivered" | "read" | "failed" | "expired", device?: number) =>
  ({ kind: "told", id, state, device }) as const;
const shown = (id: string, from = ROMEO) => ({ kind: "shown", id, from, body: hashBody(id) }) as const;
const acknowledged = (id: string, from = ROMEO) => ({ kind: "acknowledged", id, from }) as const;

describe("checkJournals", () => {
  const good = {
    romeo: journal(
      started(ROMEO),
      open,
      asked("one"),
      told("one", "accepted"),
      asked("two"),
      told("two", "accepted"),
      told("one", "delivered", 1),
      told("one", "read", 1),
    ),
    juliet: journal(
      started(JULIET),
      open,
      shown("one"),
      acknowledged("one"),
      shown("two"),
      acknowledged("two"),
    ),
  };
  const kinds = (...journals: JournalLine[][]): string[] =>
    checkJournals(journals).violations.map(({ kind, id }) => `${kind} ${id}`);

  it("finds nothing wrong where nothing is, and says how much it looked at", () => {
    const report = checkJournals([good.romeo, good.juliet]);
    const counts = { asked: 2, accepted: 2, refused: 0, unknown: 0, shown: 2 };
    expect(report).to.deep.equal({ violations: [], counts });
  });

  it("finds what was accepted and never shown", () => {
    expect(kinds(good.romeo, journal(started(JULIET), open, shown("one")))).to.deep.equal([
      "accepted-but-lost two",
    ]);
  });

  it("wants every device of the recipient that was there to show it, not one that came later", () => {
    const tablet = journal(started(JULIET, 2), open, shown("one"));
    expect(kinds(good.romeo, good.juliet, tablet)).to.deep.equal(["accepted-but-lost two"]);
    const later = tablet.map((line) => ({ ...line, at: line.at + 6_500 }));
    expect(kinds(good.romeo, good.juliet, later)).to.deep.equal([]);
  });

  it("does not miss what the sender was told has expired, on that device", () => {
    const [expired] = [told("one", "expired", 1)];
    const romeo = journal(started(ROMEO), open, asked("one"), told("one", "accepted"), expired);
    expect(kinds(romeo, journal(started(JULIET)))).to.deep.equal([]);
    expect(kinds(romeo, journal(started(JULIET)), journal(started(JULIET, 2)))).to.deep.equal([
      "accepted-but-lost one",
    ]);
  });

  it("takes a time-out for unknown: neither accepted nor refused", () => {
    const failed = (id: string, isRefusal: boolean) => ({ ...told(id, "failed"), isRefusal });
    const romeo = journal(
      started(ROMEO),
      open,
      asked("one"),
      failed("one", false),
      asked("two"),
      failed("two", true),
      asked("three"),
    );
    const counts = { asked: 3, accepted: 0, refused: 1, unknown: 2, shown: 0 };
    expect(checkJournals([romeo, journal(started(JULIET))])).to.deep.equal({ violations: [], counts });
    expect(kinds(romeo, journal(started(JULIET), shown("one")))).to.deep.equal([]);
    const late = [...romeo, { at: 9_000, ...told("one", "delivered") }];
    expect(checkJournals([late, journal(started(JULIET))]).counts).to.include({ accepted: 1, unknown: 1 });
  });

  it("finds what is shown again after it was acknowledged, or twice in one life", () => {
    const again = journal(started(JULIET), shown("one"), acknowledged("one"), started(JULIET), shown("one"));
    const twice = journal(started(JULIET), shown("one"), shown("one"));
    const repeated = journal(started(JULIET), shown("one"), started(JULIET), shown("one"), shown("two"));
    const romeo = journal(started(ROMEO), asked("one"), told("one", "accepted"), asked("two"));
    expect(kinds(romeo, again)).to.deep.equal(["shown-twice one"]);
    expect(kinds(romeo, twice)).to.deep.equal(["shown-twice one"]);
    expect(kinds(romeo, repeated)).to.deep.equal([]);
  });

  it("finds what is shown out of order, per sending device", () => {
    const juliet = journal(started(JULIET), shown("two"), shown("one"));
    expect(kinds(good.romeo, juliet)).to.deep.equal(["out-of-order one"]);
    const tablet = journal(started(ROMEO, 2), asked("three"), told("three", "accepted"));
    const mixed = journal(started(JULIET), shown("one"), shown("three"), shown("two"));
    expect(kinds(good.romeo, tablet, mixed)).to.deep.equal([]);
  });

  it("finds what is shown and was never sent, or sent otherwise", () => {
    const altered = { ...shown("one"), body: hashBody("something else") };
    const juliet = journal(started(JULIET), altered, shown("two"), shown("three"));
    expect(kinds(good.romeo, juliet)).to.deep.equal([
      "shown-but-never-sent one",
      "shown-but-never-sent three",
    ]);
  });

  it("finds a receipt that goes backwards, per device", () => {
    const answered = journal(started(ROMEO), asked("one"), told("one", "delivered"), told("one", "accepted"));
    expect(kinds(answered), "the answer to the submit may be the last to come").to.deep.equal([]);
    const romeo = journal(
      started(ROMEO),
      asked("one"),
      told("one", "read", 1),
      told("one", "delivered", 2),
      told("one", "delivered", 1),
    );
    expect(kinds(romeo)).to.deep.equal(["receipt-went-backwards one"]);
  });

  it("finds a receipt that the sender never gets, of each device that showed it", () => {
    const romeo = journal(started(ROMEO), open, asked("one"), told("one", "accepted"));
    const delivered: JournalLine = { at: 20_000, ...told("one", "delivered", 1) };
    const juliet = journal(started(JULIET), open, shown("one"), acknowledged("one"));
    const tablet = journal(started(JULIET, 2), open, shown("one"), acknowledged("one"));
    const lost = (endedAt: number, ...journals: JournalLine[][]): string[] =>
      checkJournals(journals, { endedAt }).violations.map(({ kind, id }) => `${kind} ${id}`);
    expect(lost(40_000, romeo, juliet)).to.deep.equal(["receipt-lost one"]);
    expect(lost(20_000, romeo, juliet)).to.deep.equal([]);
    expect(lost(40_000, [...romeo, delivered], juliet)).to.deep.equal([]);
    expect(lost(40_000, [...romeo, delivered], juliet, tablet)).to.deep.equal(["receipt-lost one"]);
    expect(checkJournals([romeo, juliet], { receiptWithinMs: 0 }).violations).to.have.lengthOf(1);
    // Nobody can tell, or be told, while away
    const away: JournalLine = { at: 5_000, kind: "state", isAttached: false };
    expect(lost(40_000, [...romeo, away], juliet)).to.deep.equal([]);
    expect(lost(40_000, romeo, [...juliet, away])).to.deep.equal([]);
  });

  it("finds a receipt of a device that was not online since it was asked for", () => {
    const romeo = journal(started(ROMEO), open, asked("one"), told("one", "delivered", 1));
    const late = (line: Content<JournalLine>, at: number): JournalLine => ({ at, ...line });
    const offline = [late(started(JULIET), 1_000), late({ kind: "state", isAttached: true }, 9_000)];
    const back = [...offline, late(shown("one"), 9_500)];
    expect(kinds(romeo, back)).to.deep.equal(["receipt-too-early one"]);
    const online = [late(started(JULIET), 1_000), late(open, 4_000), late(shown("one"), 9_500)];
    expect(kinds(romeo, online)).to.deep.equal([]);
    // Killed before it wrote down that it had shown it
    const killed = [
      late(started(JULIET), 500),
      late(open, 600),
      late(started(JULIET), 3_500),
      late(shown("one"), 9_000),
    ];
    expect(kinds(romeo, killed)).to.deep.equal([]);
  });

  it("finds what comes back after the sender was told that it had expired", () => {
    const romeo = journal(started(ROMEO), asked("one"), told("one", "accepted"), told("one", "expired", 1));
    const shownAt = (at: number, device = 1): JournalLine[] => [
      { at: 500, ...started(JULIET, device) },
      { at, ...shown("one") },
    ];
    expect(kinds(romeo, shownAt(9_000))).to.deep.equal(["came-back-after-expiry one"]);
    expect(kinds(romeo, shownAt(3_500))).to.deep.equal([]);
    expect(kinds(romeo, shownAt(9_000, 2))).to.deep.equal([]);
  });

  it("finds more unacknowledged entries than the window holds", () => {
    const arrived = (seq: number) => ({ kind: "arrived", seq }) as const;
    const confirmed = (seq: number) => ({ kind: "confirmed", seq }) as const;
    const check = (...lines: Content<JournalLine>[]): number =>
      checkJournals([journal(started(JULIET), ...lines)], { windowEntries: 2 }).violations.length;
    expect(check(arrived(1), arrived(2), arrived(3))).to.equal(1);
    expect(check(arrived(1), arrived(2), arrived(1), arrived(2))).to.equal(0);
    expect(check(arrived(1), arrived(2), confirmed(1), arrived(3))).to.equal(0);
    expect(check(arrived(1), arrived(2), open, arrived(2), arrived(3))).to.equal(0);
  });

  it("finds a send without an end after 30 s of an open mailbox", () => {
    const late = { at: 40_000, ...told("one", "accepted") };
    const juliet = journal(started(JULIET), shown("one"));
    const begun = journal(started(ROMEO), open, asked("one"));
    expect(kinds([...begun, late], juliet)).to.deep.equal(["send-without-end one"]);
    expect(checkJournals([begun], { endedAt: 40_000 }).violations).to.have.lengthOf(1);
    const closed: JournalLine = { at: 5_000, kind: "state", isAttached: false };
    expect(kinds([...begun, closed, late], juliet)).to.deep.equal([]);
    const reborn: JournalLine = { at: 39_000, ...started(ROMEO) };
    expect(kinds([...begun, reborn, late], juliet)).to.deep.equal([]);
    const failed: JournalLine = { at: 20_000, ...told("one", "failed") };
    expect(checkJournals([[...begun, failed]], { endedAt: 90_000 }).violations).to.deep.equal([]);
  });
});

describe("Journal", () => {
  let folder: string;
  beforeEach(() => (folder = temporaryFolder()));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("appends to what is there and leaves a torn line out", () => {
    const path = join(folder, "romeo.jsonl");
    const first = new Journal(path, () => 1);
    first.write(started(ROMEO));
    first.close();
    appendFileSync(path, '{"at":2,"kind":"ask');
    const second = new Journal(path, () => 3);
    second.write(open);
    second.close();
    expect(readJournal(path)).to.deep.equal([
      { at: 1, ...started(ROMEO) },
      { at: 3, ...open },
    ]);
  });

  it("says which journal is missing", () => {
    expect(() => readJournal(join(folder, "none"))).to.throw(TwotickError, "none");
    writeFileSync(join(folder, "empty"), "");
    expect(readJournal(join(folder, "empty"))).to.deep.equal([]);
  });
});
