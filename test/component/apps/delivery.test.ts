import { expect } from "chai";
import { AppDelivery } from "../../../component/apps/delivery.js";
import type { AppOperations } from "../../../component/apps/store.js";
import type { Context } from "../../../component/capability.js";
import { createLog } from "../../../component/log.js";
import type { Offer } from "../../../component/mailbox/delivery-ports.js";
import { Exchange } from "../../../component/mailbox/exchange.js";
import { createMetrics } from "../../../component/metrics.js";
import type { RequestOptions } from "../../../component/link/requests.js";
import type { Remote } from "../../../component/store/operations.js";
import { Vault } from "../../../component/store/vault.js";
import { ManualClock } from "../../../sdk/testing/manual-clock.js";
import { LinkError, StanzaError } from "../../../src/errors.js";
import type { MessageId } from "../../../src/ids.js";
import { type Element, xml } from "../../../src/xml.js";
import { until } from "../../support/until.js";

const JULIET = "juliet@example.org/phone";
const ROMEO = "+15551230001@phone.example.org";
const TYBALT = "tybalt\\40verona.example@phone.example.org";

/** The delivery with all that it works with in the test's hands. */
class Stage {
  readonly clock = new ManualClock();
  readonly sent: string[] = [];
  readonly ended: number[] = [];
  readonly refused: number[] = [];
  readonly takenBack: number[] = [];
  readonly dropped: number[] = [];
  /** Who has blocked whom on the host, and how often that was asked. */
  isBlocked = false;
  asked: string[] = [];
  readonly delivery: AppDelivery;
  isFull = false;
  /** What comes of asking the app. */
  answer: "there" | "gone" = "there";
  /** What is read before and behind that answer, in the same chunk. */
  beforeAnswer = (): void => {};
  behindAnswer = (): void => {};

  constructor(from: string = ROMEO) {
    const offer: Offer = {
      device: 1,
      seq: 1,
      sizeBytes: 100,
      content: {
        kind: "message",
        from,
        to: "+15551230002@phone.example.org",
        id: "m1" as MessageId,
        at: 0,
        payload: "<body xmlns='jabber:client'>But soft</body>",
      },
    };
    const exchange = new Exchange();
    const read = (_: number, after: number) => Promise.resolve(after < 1 ? [offer] : []);
    exchange.serve({ isAttached: () => false, offer: () => undefined, read });
    exchange.findDropped((account, numberJid) => {
      this.asked.push(`${account} ${numberJid}`);
      return Promise.resolve(this.isBlocked);
    });
    const context = {
      clock: this.clock,
      link: {
        isOnline: true,
        send: (stanza: string) => {
          if (this.isFull) throw new LinkError("buffer-full", "the server does not read");
          this.sent.push(stanza);
        },
        request: (_: Element, { onAnswer }: RequestOptions = {}) => {
          this.beforeAnswer();
          onAnswer?.();
          this.behindAnswer();
          return this.answer === "there"
            ? Promise.resolve(xml("iq"))
            : Promise.reject(new StanzaError("service-unavailable", "nobody is there"));
        },
      },
      exchange,
      log: createLog("silent"),
      metrics: createMetrics(),
      vault: new Vault(Buffer.alloc(32)),
      config: { link: { domain: "phone.example.org" } },
      availability: { isAvailable: () => true },
    } as unknown as Context;
    this.delivery = new AppDelivery({ context, store: this.#store(), offerReceipts: () => undefined });
  }

  open(givesReceipts = true): void {
    const account = "juliet@example.org";
    this.delivery.open({ device: 1, fullJid: JULIET, account, givesReceipts, answersPings: true });
  }

  #store(): Remote<AppOperations> {
    const note = (list: number[], ...seqs: readonly number[]) => Promise.resolve((list.push(...seqs), []));
    return {
      tries: () => Promise.resolve({ once: 0, twice: 0, answered: 0, hasUnconfirmed: false }),
      sentOnce: () => Promise.resolve(),
      sentTwice: () => Promise.resolve(),
      notSent: (_: number, seq: number) => note(this.takenBack, seq),
      end: (_: number, seqs: readonly number[]) => note(this.ended, ...seqs),
      answered: () => Promise.resolve(),
      drop: (_: number, seqs: readonly number[]) => note(this.dropped, ...seqs),
      refuse: (_: number, seqs: readonly number[]) => note(this.refused, ...seqs),
    } as unknown as Remote<AppOperations>;
  }
}

describe("AppDelivery", () => {
  for (const givesReceipts of [true, false])
    it(`takes nothing for delivered that the link did not take, of an app with${givesReceipts ? "" : "out"} receipts`, async () => {
      const stage = new Stage();
      stage.isFull = true;
      stage.open(givesReceipts);
      await until("it is taken back", () => stage.takenBack.length === 1);
      // The server reads again by the time an app is asked
      stage.isFull = false;
      await new Promise((resolve) => setImmediate(resolve));
      const { ended, takenBack, sent } = stage;
      expect({ ended, takenBack, sent }).to.deep.equal({ ended: [], takenBack: [1], sent: [] });
      stage.clock.advance(5_000);
      await until("it has gone", () => stage.sent.length === 1);
      stage.delivery.stop();
    });

  for (const place of ["beforeAnswer", "behindAnswer"] as const) {
    const counts = place === "behindAnswer";
    const promise = counts
      ? "counts the answer of an app that left just behind it"
      : "counts no answer of an app that has left";
    it(promise, async () => {
      const stage = new Stage();
      stage[place] = () => stage.delivery.close(JULIET);
      stage.open(false);
      await until("it went", () => stage.sent.length === 1);
      await new Promise((resolve) => setImmediate(resolve));
      expect(stage.ended).to.deep.equal(counts ? [1] : []);
      stage.delivery.stop();
    });
  }

  for (const givesReceipts of [true, false])
    for (const isBlocked of [true, false]) {
      const end = isBlocked ? "dropped by the host" : "delivered";
      it(`takes what an app with${givesReceipts ? "" : "out"} receipts says nothing of for ${end} when its sender is ${isBlocked ? "" : "not "}blocked there`, async () => {
        const stage = new Stage();
        stage.isBlocked = isBlocked;
        stage.open(givesReceipts);
        await until("it went", () => stage.sent.length === 1);
        for (let second = 0; second < 60 && stage.ended.length + stage.dropped.length === 0; second += 1) {
          stage.clock.advance(1_000);
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect([stage.ended, stage.dropped]).to.deep.equal(isBlocked ? [[], [1]] : [[1], []]);
        expect(stage.asked).to.deep.equal([`juliet@example.org ${ROMEO}`]);
        stage.delivery.stop();
      });
    }

  describe("when the host gives a message back as it does for an app that has gone", () => {
    const refusal = new StanzaError("service-unavailable", "nobody is there");
    const bounce = async (from: string, answer: Stage["answer"]): Promise<Stage> => {
      const stage = new Stage(from);
      stage.open();
      await until("it has gone", () => stage.sent.length === 1);
      stage.answer = answer;
      expect(stage.delivery.bounced(JULIET, from, "m1", refusal)).to.equal(true);
      await until("it is decided", () => stage.takenBack.length + stage.refused.length === 1);
      return stage;
    };
    const outcome = ({ delivery, takenBack, refused }: Stage) => {
      const isOpen = delivery.sessionOf(JULIET) !== undefined;
      delivery.stop();
      return { isOpen, takenBack, refused };
    };

    it("goes on with an app that is there after all: it is the stranger who is blocked", async () => {
      const kept = { isOpen: true, takenBack: [], refused: [1] };
      expect(outcome(await bounce(TYBALT, "there"))).to.deep.equal(kept);
    });

    it("lets an app go that a stranger's message did not reach, and keeps the message", async () => {
      const gone = { isOpen: false, takenBack: [1], refused: [] };
      expect(outcome(await bounce(TYBALT, "gone"))).to.deep.equal(gone);
    });

    it("lets an app go that a person's message did not reach, without asking it", async () => {
      const gone = { isOpen: false, takenBack: [1], refused: [] };
      expect(outcome(await bounce(ROMEO, "there"))).to.deep.equal(gone);
    });
  });
});
