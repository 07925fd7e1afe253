import { expect } from "chai";
import { AppHandler } from "../../../component/apps/handler.js";
import type { AppMailbox, AppOperations } from "../../../component/apps/store.js";
import type { Context, Stanza } from "../../../component/capability.js";
import type { StoredSubmission } from "../../../component/mailbox/accept-store.js";
import { Exchange } from "../../../component/mailbox/exchange.js";
import type { MailboxOperations } from "../../../component/mailbox/store.js";
import { createMetrics } from "../../../component/metrics.js";
import { Numbers } from "../../../component/numbers.js";
import type { NewReceiptEntry } from "../../../component/receipts/store.js";
import type { Remote } from "../../../component/store/operations.js";
import { Vault } from "../../../component/store/vault.js";
import { ManualClock } from "../../../sdk/testing/manual-clock.js";
import { Jid } from "../../../src/jid.js";
import { phoneNumber } from "../../../src/phone-number.js";
import { parseXml } from "../../../src/xml.js";

const ROMEO = Jid.parse("romeo@example.org/phone");
const JULIET = Jid.parse("+15551230002@phone.example.org");

/** The handler with a store that answers when the test lets it. */
class Stage {
  /** Ids in the order in which they came to be accepted. */
  readonly accepted: string[] = [];
  /** What the store answers with as receipts, and the places of the entries that were offered. */
  receipts: NewReceiptEntry[] = [];
  readonly offered: number[] = [];
  readonly handler: AppHandler;
  readonly #looks: ((mailbox: AppMailbox | undefined) => void)[] = [];
  readonly mailbox: AppMailbox;

  constructor() {
    const vault = new Vault(Buffer.alloc(32));
    this.mailbox = {
      device: 1,
      account: 1,
      number: { id: 1, sealed: vault.sealNumber(phoneNumber("+15551230001")) },
    };
    const context = {
      clock: new ManualClock(),
      vault,
      numbers: new Numbers("phone.example.org", vault),
      metrics: createMetrics(),
      exchange: new Exchange(),
      config: { host: { domain: "example.org" }, mailbox: {} },
      events: { numberMissing: () => undefined },
    } as unknown as Context;
    context.exchange.serve({
      isAttached: () => false,
      offer: (offers) => this.offered.push(...offers.map(({ seq }) => seq)),
      read: () => Promise.resolve([]),
    });
    const store = {
      seen: () => new Promise<AppMailbox | undefined>((resolve) => this.#looks.push(resolve)),
      endById: () => Promise.resolve([]),
    } as unknown as Remote<AppOperations>;
    const mailbox = {
      accept: (_: AppMailbox, submissions: readonly StoredSubmission[]) => {
        this.accepted.push(...submissions.map(({ id }) => id));
        return Promise.resolve({
          outcomes: submissions.map(() => ({ acceptedAt: 0, isDuplicate: false, entries: [] })),
          receipts: this.receipts,
        });
      },
    } as unknown as Remote<MailboxOperations>;
    this.handler = new AppHandler({
      context,
      store,
      mailbox,
      receipts: {} as never,
      contacts: {} as never,
      delivery: { sessionOf: () => undefined } as never,
      answerStranger: () => Promise.resolve(),
      onSeen: () => undefined,
    });
  }

  take(id: string, content = "<body>But soft</body>"): Promise<void> {
    const element = parseXml(`<message xmlns='jabber:client' type='chat' id='${id}'>${content}</message>`);
    return this.handler.take({
      element,
      from: ROMEO,
      to: JULIET,
      type: "chat",
    } satisfies Stanza) as Promise<void>;
  }

  /** The store answers the question that it was asked first. */
  async answer(mailbox?: AppMailbox): Promise<void> {
    this.#looks.shift()?.(mailbox);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("AppHandler", () => {
  it("accepts in the order in which an app wrote, however late the store says who it is", async () => {
    const stage = new Stage();
    const receipt = stage.take("r1", "<received xmlns='urn:xmpp:receipts' id='m0'/>");
    const first = stage.take("m1");
    await stage.answer(stage.mailbox);
    const second = stage.take("m2");
    await stage.answer(stage.mailbox);
    await Promise.all([receipt, first, second]);
    expect(stage.accepted).to.deep.equal(["m1", "m2"]);
  });

  it("brings the receipts that come of what an app wrote in one turn once", async () => {
    const stage = new Stage();
    const from = stage.mailbox.number;
    stage.receipts = [{ device: 1, seq: 7, state: "expired", deviceId: null, at: 0, ids: [], from }];
    const taken = [stage.take("m1"), stage.take("m2")];
    await stage.answer(stage.mailbox);
    await Promise.all(taken);
    expect(stage.accepted).to.deep.equal(["m1", "m2"]);
    expect(stage.offered).to.deep.equal([7]);
  });

  it("asks again about an app that had no number", async () => {
    const stage = new Stage();
    const refused = stage.take("m1").catch((error: Error) => error.message);
    await stage.answer();
    expect(await refused).to.contain("link a phone number");
    const taken = stage.take("m2");
    await stage.answer(stage.mailbox);
    await taken;
    expect(stage.accepted).to.deep.equal(["m2"]);
  });
});
