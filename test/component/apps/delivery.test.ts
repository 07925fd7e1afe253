import { expect } from "chai";
import { AppDelivery } from "../../../component/apps/delivery.js";
import type { AppOperations } from "../../../component/apps/store.js";
import type { Context } from "../../../component/capability.js";
import { createLog } from "../../../component/log.js";
import type { Offer } from "../../../component/mailbox/delivery-ports.js";
import { Exchange } from "../../../component/mailbox/exchange.js";
import { createMetrics } from "../../../component/metrics.js";
import type { Remote } from "../../../component/store/operations.js";
import { Vault } from "../../../component/store/vault.js";
import { ManualClock } from "../../../sdk/testing/manual-clock.js";
import { LinkError } from "../../../src/errors.js";
import type { MessageId } from "../../../src/ids.js";
import { xml } from "../../../src/xml.js";
import { until } from "../../support/until.js";

const JULIET = "juliet@example.org/phone";
const OFFER: Offer = {
  device: 1,
  seq: 1,
  sizeBytes: 100,
  content: {
    kind: "message",
    from: "+15551230001@phone.example.org",
    to: "+15551230002@phone.example.org",
    id: "m1" as MessageId,
    at: 0,
    payload: "<body xmlns='jabber:client'>But soft</body>",
  },
};

describe("AppDelivery", () => {
  for (const givesReceipts of [true, false])
    it(`takes nothing for delivered that the link did not take, of an app with${givesReceipts ? "" : "out"} receipts`, async () => {
      const clock = new ManualClock();
      const [sent, ended, takenBack]: [string[], number[], number[]] = [[], [], []];
      let isFull = true;
      const link = {
        isOnline: true,
        send(stanza: string) {
          if (isFull) throw new LinkError("buffer-full", "the server does not read");
          sent.push(stanza);
        },
        // The server reads again by the time an app is asked
        request: () => Promise.resolve(xml("iq")),
      };
      const exchange = new Exchange();
      const read = (_: number, after: number) => Promise.resolve(after < 1 ? [OFFER] : []);
      exchange.serve({ isAttached: () => false, offer: () => undefined, read });
      const store = {
        tries: () => Promise.resolve({ once: 0, twice: 0, hasUnconfirmed: false }),
        sentOnce: () => Promise.resolve(),
        notSent: (_: number, seq: number) => Promise.resolve(void takenBack.push(seq)),
        end: (_: number, seqs: readonly number[]) => Promise.resolve((ended.push(...seqs), [])),
      } as unknown as Remote<AppOperations>;
      const context = {
        clock,
        link,
        exchange,
        log: createLog("silent"),
        metrics: createMetrics(),
        vault: new Vault(Buffer.alloc(32)),
        config: { link: { domain: "phone.example.org" } },
        availability: { isAvailable: () => true },
      } as unknown as Context;
      const delivery = new AppDelivery({ context, store, offerReceipts: () => undefined });
      const account = "juliet@example.org";
      delivery.open({ device: 1, fullJid: JULIET, account, givesReceipts, answersPings: true });
      await until("it is taken back", () => takenBack.length === 1);
      isFull = false;
      await new Promise((resolve) => setImmediate(resolve));
      expect({ ended, takenBack, sent }).to.deep.equal({ ended: [], takenBack: [1], sent: [] });
      clock.advance(5_000);
      await until("it has gone", () => sent.length === 1);
      delivery.stop();
    });
});
