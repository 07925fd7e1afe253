import { expect } from "chai";
import { Harness } from "./harness.js";

const NUMBER = Buffer.alloc(32, 7);
const RATE = { burst: 2, everySeconds: 60 };

describe("sign-up store", () => {
  let harness: Harness;
  beforeEach(async () => (harness = await Harness.start()));
  afterEach(() => harness.stop());

  const tryPin = (): Promise<number> => harness.operations.takePinTry(NUMBER, RATE, harness.clock.now());

  it("counts a PIN before it is evaluated, and not when it was right", async () => {
    expect([await tryPin(), await tryPin(), await tryPin()]).to.deep.equal([0, 0, 60_000]);
    await harness.operations.givePinTryBack(NUMBER, RATE, harness.clock.now());
    expect([await tryPin(), await tryPin()]).to.deep.equal([0, 60_000]);
  });

  it("lets a limit fill up again from now on when it was used under a clock that was ahead", async () => {
    const now = harness.clock.now();
    const tryPinAt = (at: number): Promise<number> => harness.operations.takePinTry(NUMBER, RATE, at);
    const month = 30 * 86_400_000;
    expect([await tryPinAt(now + month), await tryPinAt(now + month)]).to.deep.equal([0, 0]);
    expect(await tryPinAt(now)).to.equal(60_000);
    expect(await tryPinAt(now + 59_999)).to.equal(1);
    expect(await tryPinAt(now + 60_000)).to.equal(0);
  });

  it("takes from every limit or from none", async () => {
    const { operations, clock, context } = harness;
    const begin = (session: number, keys: readonly string[]) =>
      operations.begin({
        session: Buffer.alloc(32, session),
        numberHash: NUMBER,
        numberSealed: Buffer.alloc(40),
        country: "US",
        linkJid: null,
        isTest: false,
        channel: "sms",
        codeHash: Buffer.alloc(32),
        charges: keys.map((key) => ({ limit: "number", key, rate: { burst: 1, everySeconds: 60 } })),
        breaker: context.config.signUp.breaker,
        now: clock.now(),
      });
    expect(await begin(1, ["a"])).to.include({ status: "begun" });
    expect(await begin(2, ["b", "a"])).to.deep.equal({ status: "limited", limit: "number", waitMs: 60_000 });
    expect(await begin(3, ["b"])).to.include({ status: "begun" });
  });

  it("gives back once what a code was charged that could not be sent", async () => {
    const { operations, clock, context } = harness;
    const session = Buffer.alloc(32, 1);
    const codeHash = Buffer.alloc(32, 2);
    const charges = [{ limit: "budget", key: "all", rate: { perDay: 2 } }] as const;
    const begin = (which: Buffer) =>
      operations.begin({
        session: which,
        numberHash: NUMBER,
        numberSealed: Buffer.alloc(40),
        country: "US",
        linkJid: null,
        isTest: false,
        channel: "sms",
        codeHash,
        charges,
        breaker: context.config.signUp.breaker,
        now: clock.now(),
      });
    await begin(session);
    await begin(Buffer.alloc(32, 3));
    for (let i = 0; i < 2; i++) await operations.takeBack(session, codeHash, charges, clock.now());
    expect(await begin(Buffer.alloc(32, 4))).to.include({ status: "begun" });
    expect(await begin(Buffer.alloc(32, 5))).to.include({ status: "limited", limit: "budget" });
  });
});
