import { expect } from "chai";
import type { AppDelivery } from "../../../component/apps/delivery.js";
import type { AppAddress } from "../../../component/apps/session.js";
import { Welcome } from "../../../component/apps/welcome.js";
import type { Resource } from "../../../component/availability/availability.js";
import type { Context } from "../../../component/capability.js";
import { createLog } from "../../../component/log.js";
import { ManualClock } from "../../../sdk/testing/manual-clock.js";
import { NS } from "../../../src/namespaces.js";

const JULIET: Resource = {
  jid: "juliet@example.org/phone",
  account: "juliet@example.org",
  priority: 0,
  show: undefined,
  status: undefined,
  since: 0,
  caps: undefined,
};

describe("Welcome", () => {
  const setUp = () => {
    const clock = new ManualClock();
    const opened: AppAddress[] = [];
    const juliet = { isThere: true, features: undefined as ReadonlySet<string> | undefined, asked: 0 };
    const availability = {
      resourcesOf: () => (juliet.isThere ? [JULIET] : []),
      isAvailable: () => juliet.isThere,
      featuresOf: () => {
        juliet.asked += 1;
        return Promise.resolve(juliet.features);
      },
    };
    const context = {
      availability,
      clock,
      exchange: { isAttached: () => false },
      log: createLog("silent"),
      numbers: { jidOf: () => "+15551230001@phone.example.org" },
    };
    const store = {
      seen: () => Promise.resolve({ device: 1, account: 1, number: { id: 1, sealed: new Uint8Array() } }),
    };
    const delivery = { open: (app: AppAddress) => void opened.push(app), sessionOf: () => undefined };
    const welcome = new Welcome(context as unknown as Context, store, delivery as unknown as AppDelivery);
    const settle = () => new Promise((resolve) => setImmediate(resolve));
    return { clock, juliet, opened, settle, welcome };
  };

  it("asks an app again that did not answer, until it does", async () => {
    const { clock, juliet, opened, settle, welcome } = setUp();
    welcome.take(JULIET);
    await settle();
    clock.advance(61_000);
    await settle();
    expect([juliet.asked, opened.length]).to.deep.equal([2, 0]);
    juliet.features = new Set([NS.receipts]);
    clock.advance(61_000);
    await settle();
    expect(opened).to.have.length(1);
    expect(opened[0]).to.include({
      device: 1,
      fullJid: JULIET.jid,
      givesReceipts: true,
      answersPings: false,
    });
    clock.advance(600_000);
    await settle();
    expect(juliet.asked).to.equal(3);
  });

  it("asks nobody who has gone", async () => {
    const { clock, juliet, settle, welcome } = setUp();
    welcome.take(JULIET);
    await settle();
    juliet.isThere = false;
    welcome.gone(JULIET.jid);
    clock.advance(600_000);
    await settle();
    expect(juliet.asked).to.equal(1);
  });
});
