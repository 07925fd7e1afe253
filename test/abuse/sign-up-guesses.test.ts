import { expect } from "chai";
import { CODE_TTL_MS, MAX_CHECKS, SESSION_TTL_MS } from "../../component/sign-up/service.js";
import { Harness } from "../component/sign-up/harness.js";

const ROMEO = "+15551230001";
const MINUTE = 60_000;
/** The long form, of the store and of HTTP alike: `TWOTICK_ABUSE_GUESSES=100000`. */
const LONG_FORM = process.env["TWOTICK_ABUSE_GUESSES"];
const GUESSES = Number(LONG_FORM ?? 40_000);
const HTTP_GUESSES = Number(LONG_FORM ?? 3000);
const RESTARTS = 4;

describe("a guesser of codes", () => {
  let harness: Harness;
  afterEach(() => harness.stop());

  const checksOf = async (outcome: string): Promise<number> => {
    const text = await harness.context.metrics.registry.getSingleMetricAsString("twotick_sign_ups_total");
    return Number(new RegExp(`step="check",outcome="${outcome}"} (\\d+)`).exec(text)?.[1] ?? 0);
  };
  /** Codes that are all wrong, each one another. */
  function* wrongCodes(): Generator<string> {
    for (let code = 0; ; code = (code + 1) % 1_000_000) {
      const text = String(code).padStart(6, "0");
      if (!harness.sms.received.some((sent) => sent.code === text)) yield text;
    }
  }

  it(`has ${MAX_CHECKS} evaluated of ${GUESSES} in parallel in one sign-up, restarts in between or not`, async function () {
    this.timeout(GUESSES * 5 + 30_000);
    harness = await Harness.start();
    const session = await harness.begin(ROMEO);
    const codes = wrongCodes();
    const outcomes = new Map<string, number>();
    const count = (outcome: string): void => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    for (let round = 0; round < RESTARTS; round++) {
      const key = harness.context.vault.keyedHash("sign-up session", session);
      const guess = async (): Promise<void> => {
        const code = codes.next().value as string;
        const hash = harness.context.vault.keyedHash("sign-up code", `${session}\0${code}`);
        const { breaker } = harness.context.config.signUp;
        count((await harness.operations.check(key, null, hash, breaker, harness.clock.now())).status);
      };
      // In portions, so that the queue to the store is long and memory is not
      for (let left = GUESSES / RESTARTS; left > 0; left -= 1000)
        await Promise.all(Array.from({ length: Math.min(1000, left) }, guess));
      await harness.restart();
      harness.clock.advance(2 * MINUTE);
    }
    // 3 at once, 1 after a wait, 1 after another: the waits ran out in the rounds
    expect(outcomes.get("wrong")).to.equal(MAX_CHECKS);
    expect([...outcomes.keys()].sort()).to.deep.equal(["exhausted", "too-early", "wrong"]);
    expect((await harness.verify(session, { code: harness.sms.lastCode })).statusCode).to.equal(410);
  });

  it(`has no more evaluated of ${HTTP_GUESSES} by HTTP on parallel connections`, async function () {
    this.timeout(HTTP_GUESSES * 10 + 30_000);
    harness = await Harness.start();
    const sessions: string[] = [];
    for (let i = 0; i < 5; i++) sessions.push(await harness.begin(ROMEO, { remoteAddress: `192.0.2.${i}` }));
    const port = await harness.server.start();
    const codes = wrongCodes();
    const statuses = new Set<number>();
    let [asked, answered] = [0, 0];
    const guesser = async (): Promise<void> => {
      while (asked < HTTP_GUESSES) {
        const session = sessions[asked++ % sessions.length];
        const response = await fetch(`http://127.0.0.1:${port}/v1/sign-ups/${session}/verification`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ code: codes.next().value as string }),
        });
        statuses.add(response.status);
        await response.arrayBuffer();
        answered++;
      }
    };
    await Promise.all(Array.from({ length: 50 }, guesser));
    expect(answered).to.equal(HTTP_GUESSES);
    // 429: the wait after the third check is not over for any of them
    expect([...statuses]).to.have.members([403, 429]);
    expect(await checksOf("wrong")).to.equal(sessions.length * 3);
    expect(harness.host.accounts.size).to.equal(0);
  });

  it("has 25 evaluated on one number at once, however many addresses it asks from", async () => {
    harness = await Harness.start({ signUp: { limits: { prefix: { burst: 1000 } } } });
    const codes = wrongCodes();
    let begun = 0;
    for (let i = 0; i < 200; i++) {
      const remoteAddress = `198.51.${i}.7`;
      const response = await harness.post("/v1/sign-ups", { number: ROMEO }, { remoteAddress });
      if (response.statusCode !== 201) continue;
      begun++;
      const { session } = response.json<{ session: string }>();
      for (let check = 0; check < 10; check++) {
        await harness.verify(session, { code: codes.next().value as string });
        if (check > 1) harness.clock.advance(1);
      }
      harness.clock.advance(3 * MINUTE);
      for (let check = 0; check < 3; check++) {
        await harness.verify(session, { code: codes.next().value as string });
        harness.clock.advance(2 * MINUTE);
      }
    }
    expect(begun).to.equal(5);
    expect(await checksOf("wrong")).to.equal(25);
  });

  it("cannot go through the codes of a test number either, which are always the same", async () => {
    const number = "+4915112345678";
    harness = await Harness.start({ signUp: { testNumbers: { [number]: "424242" } } });
    const beginAll = async (): Promise<number> => {
      for (let begun = 0; ; begun++)
        if ((await harness.post("/v1/sign-ups", { number })).statusCode !== 201) return begun;
    };
    let begun = await beginAll();
    harness.clock.advance(24 * 60 * MINUTE);
    begun += 365 * (await beginAll());
    // The chance of a whole year of guessing
    expect((begun * MAX_CHECKS) / 1_000_000).to.be.below(1 / 6);
  });

  it("learns nothing from answers: a session that never was, has expired or is a linking's has the same", async () => {
    harness = await Harness.start();
    const expired = await harness.begin(ROMEO);
    harness.clock.advance(SESSION_TTL_MS);
    const answers = [];
    for (const session of ["never-was", expired, "__proto__", "0".repeat(43)])
      for (const [path, body] of [
        ["codes", {}],
        ["verification", { code: "000000" }],
      ] as const) {
        const {
          statusCode,
          body: text,
          headers,
        } = await harness.post(`/v1/sign-ups/${session}/${path}`, body);
        answers.push(JSON.stringify([statusCode, text, Object.keys(headers).sort()]));
      }
    expect(new Set(answers).size).to.equal(1);
  });

  it("learns nothing of who has an account: a number that is somebody's is answered like one that is nobody's", async () => {
    harness = await Harness.start();
    const owned = await harness.begin(ROMEO);
    const pin = await harness.verify(owned, { code: harness.sms.lastCode, newPin: "60281749" });
    expect(pin.statusCode).to.equal(200);
    const answers = [];
    for (const number of [ROMEO, "+15551230002"]) {
      const begun = await harness.post("/v1/sign-ups", { number });
      const { session } = begun.json<{ session: string }>();
      const code = harness.sms.lastCode === "000000" ? "000001" : "000000";
      const told = [
        begun,
        await harness.post(`/v1/sign-ups/${session}/codes`, {}),
        await harness.verify(session, { code }),
        await harness.verify(session, { code, pin: "11111111", localpart: "constructor" }),
      ];
      harness.clock.advance(CODE_TTL_MS);
      told.push(await harness.verify(session, { code: harness.sms.lastCode }));
      answers.push(
        told.map(({ statusCode, body }) => [
          statusCode,
          body.replaceAll(number, "NUMBER").replaceAll(session, "SESSION"),
        ]),
      );
    }
    expect(answers[0]).to.deep.equal(answers[1]);
  });
});
