import SQLite from "better-sqlite3";
import { expect } from "chai";
import { Harness, problemOf, type HarnessOptions } from "./harness.js";

const ROMEO = "+15551230001";
const MINUTE = 60_000;

describe("POST /v1/sign-ups", () => {
  let harness: Harness;
  const open = async (options: HarnessOptions = {}): Promise<Harness> =>
    (harness = await Harness.start(options));
  afterEach(() => harness.stop());

  it("sends a code of six digits and says what may happen next", async () => {
    await open();
    const response = await harness.post("/v1/sign-ups", { number: "+1 555-123-0001" });
    expect(response.statusCode).to.equal(201);
    expect(response.json()).to.include({
      number: ROMEO,
      smsInSeconds: 60,
      voiceInSeconds: 60,
      checksLeft: 5,
    });
    expect(harness.sms.received).to.have.length(1);
    expect(harness.sms.lastCode).to.match(/^\d{6}$/);
    expect(harness.sms.received[0]!.text).to.include(harness.sms.lastCode);
  });

  it("refuses countries that are not on the list, without sending", async () => {
    await open();
    const response = await harness.post("/v1/sign-ups", { number: "+4915112345678" });
    expect([response.statusCode, problemOf(response)]).to.deep.equal([403, "country-not-allowed"]);
    expect(harness.sms.received).to.have.length(0);
  });

  for (const number of ["12", "+0123456789", "hello", "+1900555123412345678", ""]) {
    it(`refuses ${JSON.stringify(number)} as a number`, async () => {
      await open();
      expect((await harness.post("/v1/sign-ups", { number })).statusCode).to.equal(400);
    });
  }

  it("calls no numbers that cost whoever calls them", async () => {
    await open();
    const response = await harness.post("/v1/sign-ups", { number: "+19002345678" });
    expect([response.statusCode, problemOf(response)]).to.deep.equal([400, "number-invalid"]);
  });

  it("forgets limits that are full again", async () => {
    await open();
    await harness.begin(ROMEO);
    harness.clock.advance(48 * 60 * MINUTE);
    await harness.sweep();
    const database = new SQLite(harness.context.config.store.path, { readonly: true });
    expect(database.prepare("SELECT count(*) AS rows FROM sign_up_limits").get()).to.deep.equal({ rows: 0 });
    database.close();
  });

  it("answers malformed bodies with every fault named", async () => {
    await open();
    const response = await harness.post("/v1/sign-ups", { number: 5, channel: "pigeon", more: 1 });
    expect(response.statusCode).to.equal(400);
    expect(response.headers["content-type"]).to.match(/^application\/problem\+json/);
    const { errors } = response.json<{ errors: { pointer: string }[] }>();
    expect(errors.map((error) => error.pointer)).to.include.members(["#/number", "#/channel"]);
  });

  it("limits sign-ups of one number, whoever asks, and across a restart", async () => {
    await open();
    for (let i = 0; i < 5; i++) await harness.begin(ROMEO, { remoteAddress: `192.0.2.${i}` });
    await harness.restart();
    const response = await harness.post("/v1/sign-ups", { number: ROMEO }, { remoteAddress: "198.51.100.1" });
    expect([response.statusCode, problemOf(response)]).to.deep.equal([429, "too-many-requests"]);
    expect(Number(response.headers["retry-after"])).to.equal(288 * 60);
    harness.clock.advance(288 * MINUTE);
    await harness.begin(ROMEO);
  });

  it("limits sign-ups from one address, and believes no forged X-Forwarded-For", async () => {
    await open({ signUp: { limits: { address: { burst: 2 } } } });
    const from = (forwarded: string) => ({
      remoteAddress: "192.0.2.1",
      headers: { "x-forwarded-for": forwarded },
    });
    await harness.begin("+15551230001", from("203.0.113.1"));
    await harness.begin("+15551230002", from("203.0.113.2"));
    const third = await harness.post("/v1/sign-ups", { number: "+15551230003" }, from("203.0.113.3"));
    expect(third.statusCode).to.equal(429);
  });

  it("counts the address that a trusted proxy saw, not what stands left of it", async () => {
    await open({
      signUp: { limits: { address: { burst: 1 } } },
      http: { trustedProxies: ["10.0.0.0/8"] },
    });
    const from = (forwarded: string) => ({
      remoteAddress: "10.0.0.1",
      headers: { "x-forwarded-for": forwarded },
    });
    await harness.begin("+15551230001", from("1.1.1.1, 203.0.113.1"));
    const same = await harness.post("/v1/sign-ups", { number: "+15551230002" }, from("2.2.2.2, 203.0.113.1"));
    expect(same.statusCode).to.equal(429);
    await harness.begin("+15551230002", from("1.1.1.1, 203.0.113.2"));
  });

  it("stops when the day's budget is used up, and goes on the next day", async () => {
    await open({ signUp: { dailyBudget: 2 } });
    await harness.begin("+15551230001");
    await harness.begin("+15551230002");
    const third = await harness.post("/v1/sign-ups", { number: "+15551230003" });
    expect([third.statusCode, problemOf(third)]).to.deep.equal([503, "codes-unavailable"]);
    expect(Number(third.headers["retry-after"])).to.equal(86_400);
    harness.clock.advance(24 * 60 * MINUTE);
    await harness.begin("+15551230003");
  });

  it("limits codes to neighbouring numbers and to a country", async () => {
    await open({ signUp: { limits: { prefix: { burst: 1 }, country: { burst: 2 } } } });
    await harness.begin("+15551230001");
    expect((await harness.post("/v1/sign-ups", { number: "+15551239999" })).statusCode).to.equal(503);
    await harness.begin("+15551240001");
    expect((await harness.post("/v1/sign-ups", { number: "+15551250001" })).statusCode).to.equal(503);
  });

  it("gives the budget back when the provider fails, and says to wait", async () => {
    await open({ signUp: { dailyBudget: 1 } });
    harness.sms.status = 500;
    const failed = await harness.post("/v1/sign-ups", { number: ROMEO });
    expect([failed.statusCode, problemOf(failed)]).to.deep.equal([503, "codes-unavailable"]);
    expect(failed.headers["retry-after"]).to.equal("15");
    harness.sms.status = 200;
    await harness.begin("+15551230002");
  });

  it("sends nothing to test numbers, whose code is fixed, and counts them against no budget", async () => {
    await open({ signUp: { dailyBudget: 1, testNumbers: { "+4915112345678": "424242" } } });
    for (let i = 0; i < 20; i++) await harness.begin("+4915112345678");
    const session = await harness.begin("+4915112345678");
    expect(harness.sms.received).to.have.length(0);
    expect((await harness.verify(session, { code: "424242" })).statusCode).to.equal(200);
    await harness.begin(ROMEO);
  });

  it("opens the breaker when codes stop being used, tries a few later, and closes it again", async () => {
    const breaker = { minSignUps: 5, trials: 2, minShare: 0.5, openMinutes: 60 };
    await open({ signUp: { breaker, limits: { address: { burst: 100 } } } });
    for (let i = 0; i < 5; i++) await harness.begin(`+1555123100${i}`);
    harness.clock.advance(31 * MINUTE);
    await harness.sweep();
    const refused = await harness.post("/v1/sign-ups", { number: ROMEO });
    expect([refused.statusCode, problemOf(refused)]).to.deep.equal([503, "codes-unavailable"]);
    harness.clock.advance(60 * MINUTE);
    for (const number of ["+15551232001", "+15551232002"]) {
      const session = await harness.begin(number);
      expect((await harness.verify(session, { code: harness.sms.lastCode })).statusCode).to.equal(200);
    }
    await harness.begin(ROMEO);
  });
});

describe("POST /v1/sign-ups/{session}/codes", () => {
  let harness: Harness;
  beforeEach(async () => (harness = await Harness.start()));
  afterEach(() => harness.stop());

  it("sends messages again after 1, 2, 5 and 10 minutes, and then no more", async () => {
    const session = await harness.begin(ROMEO);
    const again = () => harness.post(`/v1/sign-ups/${session}/codes`, { channel: "sms" });
    for (const minutes of [1, 2, 5, 10]) {
      harness.clock.advance(minutes * MINUTE - 1);
      const early = await again();
      expect([early.statusCode, early.headers["retry-after"]]).to.deep.equal([429, "1"]);
      harness.clock.advance(1);
      expect((await again()).statusCode).to.equal(200);
    }
    harness.clock.advance(11 * MINUTE);
    expect(problemOf(await again())).to.equal("no-more-codes");
    expect(harness.sms.received).to.have.length(5);
  });

  it("calls a minute after the first message, then after 1 and 5 minutes", async () => {
    const session = await harness.begin(ROMEO);
    const call = () => harness.post(`/v1/sign-ups/${session}/codes`, { channel: "voice" });
    expect((await call()).statusCode).to.equal(429);
    for (const minutes of [1, 1, 5]) {
      harness.clock.advance(minutes * MINUTE);
      expect((await call()).statusCode).to.equal(200);
    }
    harness.clock.advance(20 * MINUTE);
    expect(problemOf(await call())).to.equal("no-more-codes");
    expect(harness.sms.received.map((one) => one.path)).to.deep.equal(["/sms", "/voice", "/voice", "/voice"]);
  });

  it("knows no session that is not there or has expired", async () => {
    expect(problemOf(await harness.post("/v1/sign-ups/nonsense/codes", {}))).to.equal("session-unknown");
    const session = await harness.begin(ROMEO);
    harness.clock.advance(30 * MINUTE);
    expect(problemOf(await harness.post(`/v1/sign-ups/${session}/codes`, {}))).to.equal("session-unknown");
  });
});
