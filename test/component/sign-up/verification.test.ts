import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { hashPin } from "../../../component/accounts/pin.js";
import { newDeviceKey } from "../../support/raw-device.js";
import { Harness, problemOf } from "./harness.js";

const ROMEO = "+15551230001";
const MINUTE = 60_000;

const device = (deviceId = 7) => ({
  deviceId,
  publicKey: newDeviceKey().publicKey.toString("base64url"),
});

describe("POST /v1/sign-ups/{session}/verification", () => {
  let harness: Harness;
  beforeEach(async () => (harness = await Harness.start()));
  afterEach(() => harness.stop());

  const signUp = async (body: object = {}): Promise<string> => {
    const session = await harness.begin(ROMEO);
    const response = await harness.verify(session, { code: harness.sms.lastCode, ...body });
    expect(response.statusCode, response.body).to.equal(200);
    return response.json<{ account: string }>().account;
  };

  it("makes the account on the host and binds number and device to it", async () => {
    const account = await signUp({ device: device() });
    expect([...harness.host.accounts.keys()]).to.deep.equal([account]);
    const row = await harness.accounts.findByJid(account);
    expect(harness.context.vault.openNumber(row!.numberSealed)).to.equal(ROMEO);
    expect(await harness.accounts.devices(account)).to.have.length(1);
  });

  it("refuses a code that is ten minutes old", async () => {
    const session = await harness.begin(ROMEO);
    const code = harness.sms.lastCode;
    harness.clock.advance(10 * MINUTE);
    const response = await harness.verify(session, { code });
    expect([response.statusCode, problemOf(response)]).to.deep.equal([410, "code-expired"]);
  });

  it("lets five guesses through with growing waits, then none", async () => {
    const session = await harness.begin(ROMEO);
    const wrong = harness.sms.lastCode === "000000" ? "000001" : "000000";
    const guess = async () => problemOf(await harness.verify(session, { code: wrong }));
    expect([await guess(), await guess(), await guess()]).to.deep.equal([
      "code-wrong",
      "code-wrong",
      "code-wrong",
    ]);
    expect(await guess()).to.equal("too-early");
    harness.clock.advance(MINUTE);
    expect([await guess(), await guess()]).to.deep.equal(["code-wrong", "too-early"]);
    harness.clock.advance(2 * MINUTE);
    expect([await guess(), await guess()]).to.deep.equal(["code-wrong", "checks-exhausted"]);
    expect(problemOf(await harness.verify(session, { code: harness.sms.lastCode }))).to.equal(
      "checks-exhausted",
    );
  });

  it("evaluates no more than that however many guesses come at once", async () => {
    const session = await harness.begin(ROMEO);
    const codes = Array.from({ length: 1000 }, (_, i) => String(i).padStart(6, "0"));
    const outcomes = await Promise.all(
      codes.map(async (code) => {
        const response = await harness.verify(session, { code });
        return response.statusCode === 200 ? "right" : problemOf(response);
      }),
    );
    expect(
      outcomes.filter((outcome) => outcome === "code-wrong" || outcome === "right").length,
    ).to.be.at.most(5);
    expect(outcomes.filter((outcome) => outcome === "too-early").length).to.be.at.least(990);
  });

  it("counts guesses across a restart", async () => {
    const session = await harness.begin(ROMEO);
    const wrong = harness.sms.lastCode === "000000" ? "000001" : "000000";
    for (let i = 0; i < 3; i++) await harness.verify(session, { code: wrong });
    await harness.restart();
    expect(problemOf(await harness.verify(session, { code: wrong }))).to.equal("too-early");
  });

  it("answers the same account with a fresh password to the same device, and refuses another", async () => {
    const session = await harness.begin(ROMEO);
    const body = { code: harness.sms.lastCode, device: device() };
    const first = (await harness.verify(session, body)).json<{ account: string; password: string }>();
    await harness.restart();
    const again = (await harness.verify(session, body)).json<{ account: string; password: string }>();
    expect(again.account).to.equal(first.account);
    expect(harness.host.accounts.get(first.account))
      .to.equal(again.password)
      .and.not.to.equal(first.password);
    const other = await harness.verify(session, { ...body, device: device(8) });
    expect([other.statusCode, problemOf(other)]).to.deep.equal([409, "device-mismatch"]);
  });

  it("goes on where it stopped when the host's answer was lost, and makes one account", async () => {
    const session = await harness.begin(ROMEO);
    const body = { code: harness.sms.lastCode, device: device() };
    harness.host.loseAnswerTo = "add-user";
    const lost = await harness.verify(session, body);
    expect([lost.statusCode, problemOf(lost)]).to.deep.equal([503, "host-unavailable"]);
    expect(harness.host.accounts.size).to.equal(1);
    await harness.restart();
    const again = (await harness.verify(session, body)).json<{ account: string; password: string }>();
    expect([...harness.host.accounts]).to.deep.equal([[again.account, again.password]]);
  });

  it("says that the host is away before anything is made, and goes on later", async () => {
    const session = await harness.begin(ROMEO);
    harness.host.isOnline = false;
    const body = { code: harness.sms.lastCode };
    expect(problemOf(await harness.verify(session, body))).to.equal("host-unavailable");
    expect(harness.host.commands).to.deep.equal([]);
    harness.host.isOnline = true;
    expect((await harness.verify(session, body)).statusCode).to.equal(200);
  });

  it("never takes over an account that the host has already, whatever was chosen or lost", async () => {
    harness.host.accounts.set("juliet@example.org", "her secret");
    const session = await harness.begin(ROMEO);
    const body = { code: harness.sms.lastCode, localpart: "juliet" };
    for (let i = 0; i < 2; i++)
      expect(problemOf(await harness.verify(session, body))).to.equal("localpart-taken");
    expect(harness.host.accounts.get("juliet@example.org")).to.equal("her secret");
    expect((await harness.verify(session, { ...body, localpart: "romeo" })).statusCode).to.equal(200);
  });

  it("does not take an account for its own when the answer about it was lost", async () => {
    harness.host.accounts.set("juliet@example.org", "her secret");
    const session = await harness.begin(ROMEO);
    const body = { code: harness.sms.lastCode, localpart: "juliet" };
    harness.host.loseAnswerTo = "add-user";
    for (let i = 0; i < 2; i++)
      expect(problemOf(await harness.verify(session, body))).to.equal("localpart-taken");
    expect(harness.host.accounts.get("juliet@example.org")).to.equal("her secret");
  });

  it("does not take an account that somebody else got in the same moment", async () => {
    const session = await harness.begin(ROMEO);
    harness.host.before = (command) => {
      if (command === "add-user") harness.host.accounts.set("juliet@example.org", "her secret");
    };
    const body = { code: harness.sms.lastCode, localpart: "juliet" };
    for (let i = 0; i < 2; i++)
      expect(problemOf(await harness.verify(session, body))).to.equal("localpart-taken");
    expect(harness.host.accounts.get("juliet@example.org")).to.equal("her secret");
  });

  it("goes on with a chosen name after a lost answer, but does not claim it for long", async () => {
    const session = await harness.begin(ROMEO);
    const body = { code: harness.sms.lastCode, localpart: "romeo" };
    harness.host.loseAnswerTo = "add-user";
    await harness.verify(session, body);
    expect((await harness.verify(session, body)).statusCode).to.equal(200);

    const other = await harness.begin("+15551230002");
    const wanted = { code: harness.sms.lastCode, localpart: "juliet" };
    harness.host.loseRequestOf = "add-user";
    await harness.verify(other, wanted);
    harness.host.accounts.set("juliet@example.org", "her secret");
    harness.clock.advance(3 * MINUTE);
    expect(problemOf(await harness.verify(other, wanted))).to.equal("localpart-taken");
    expect(harness.host.accounts.get("juliet@example.org")).to.equal("her secret");
  });

  it("makes one account of parallel requests with the right code", async () => {
    const session = await harness.begin(ROMEO);
    const body = { code: harness.sms.lastCode, device: device() };
    const answers = await Promise.all(Array.from({ length: 10 }, () => harness.verify(session, body)));
    const accounts = new Set(answers.map((answer) => answer.json<{ account: string }>().account));
    expect([...accounts]).to.deep.equal([...harness.host.accounts.keys()]);
    expect(harness.host.commands.filter((command) => command === "add-user")).to.have.length(1);
  });

  it("gives a name to one of two who want it at once, and not while its former account waits for deletion", async () => {
    const sessions = [];
    for (const number of [ROMEO, "+15551230002"]) {
      const session = await harness.begin(number);
      sessions.push({ session, code: harness.sms.lastCode });
    }
    const answers = await Promise.all(
      sessions.map(({ session, code }) => harness.verify(session, { code, localpart: "romeo" })),
    );
    expect(answers.map((answer) => answer.statusCode)).to.have.members([200, 409]);
    await harness.accounts.remove("romeo@example.org", harness.clock.now() + 60 * MINUTE);
    harness.host.accounts.clear();
    harness.clock.advance(31 * MINUTE);
    await harness.sweep();
    const late = await harness.begin("+15551230003");
    const body = { code: harness.sms.lastCode, localpart: "romeo" };
    expect(problemOf(await harness.verify(late, body))).to.equal("localpart-taken");
  });

  it("answers nothing more to a sign-up whose account has lost the number since", async () => {
    const session = await harness.begin(ROMEO);
    const body = { code: harness.sms.lastCode };
    await harness.verify(session, body);
    await signUp();
    expect(problemOf(await harness.verify(session, body))).to.equal("session-unknown");
  });

  it("passes on that the host refuses, and tries anew on the next request", async () => {
    const session = await harness.begin(ROMEO);
    harness.host.refusal = "no";
    const body = { code: harness.sms.lastCode };
    expect(problemOf(await harness.verify(session, body))).to.equal("host-refused");
    harness.host.refusal = undefined;
    expect((await harness.verify(session, body)).statusCode).to.equal(200);
  });

  it("deletes an account that was made but never taken, once the sign-up has expired", async () => {
    const session = await harness.begin(ROMEO);
    harness.host.loseAnswerTo = "add-user";
    await harness.verify(session, { code: harness.sms.lastCode });
    expect(harness.host.accounts.size).to.equal(1);
    harness.clock.advance(31 * MINUTE);
    await harness.sweep();
    harness.clock.advance(2 * MINUTE);
    for (const capability of harness.capabilities) for (const job of capability.jobs ?? []) await job.run();
    expect(harness.host.accounts.size).to.equal(0);
  });

  it("retires the old account when the number is signed up again, and retries until the host deleted it", async () => {
    const old = await signUp({ device: device() });
    harness.host.loseRequestOf = "delete-user";
    const fresh = await signUp({ device: device() });
    expect(harness.gone).to.deep.equal([old]);
    expect(await harness.accounts.findByJid(old)).to.equal(undefined);
    // The first attempt is made beside the answer: it is over when nothing is due any more
    const deadline = performance.now() + 5000;
    while ((await harness.accounts.dueRemovals(harness.clock.now())).length > 0)
      expect(performance.now()).to.be.below(deadline);
    expect([...harness.host.accounts.keys()]).to.deep.equal([old, fresh]);
    harness.clock.advance(10 * MINUTE);
    for (const capability of harness.capabilities) for (const job of capability.jobs ?? []) await job.run();
    expect([...harness.host.accounts.keys()]).to.deep.equal([fresh]);
    expect(await harness.accounts.dueRemovals(Number.MAX_SAFE_INTEGER)).to.deep.equal([]);
  });

  it("asks for the PIN only after the right code, and limits wrong PINs on their own", async () => {
    const owner = await signUp({ newPin: "4711" });
    const session = await harness.begin(ROMEO);
    const code = harness.sms.lastCode;
    const wrong = code === "000000" ? "000001" : "000000";
    expect(problemOf(await harness.verify(session, { code: wrong, pin: "4711" }))).to.equal("code-wrong");
    expect(problemOf(await harness.verify(session, { code }))).to.equal("pin-required");
    const guesses = await Promise.all(
      Array.from({ length: 50 }, (_, i) => harness.verify(session, { code, pin: `00${10 + i}` })),
    );
    expect(guesses.filter((response) => problemOf(response) === "pin-wrong")).to.have.length(5);
    expect(problemOf(await harness.verify(session, { code, pin: "4711" }))).to.equal("pin-locked");
    expect(harness.gone).to.deep.equal([]);
    expect(await harness.accounts.findByJid(owner)).to.not.equal(undefined);
  });

  it("asks for a PIN that was set while the account was being made", async () => {
    const owner = await signUp();
    const session = await harness.begin(ROMEO);
    const code = harness.sms.lastCode;
    const hash = await hashPin(harness.context.vault, "4711");
    harness.host.before = (command) => {
      if (command === "add-user") void harness.accounts.setPin(owner, hash);
    };
    expect(problemOf(await harness.verify(session, { code }))).to.equal("pin-required");
    expect(await harness.accounts.findByJid(owner)).to.not.equal(undefined);
    expect((await harness.verify(session, { code, pin: "4711" })).statusCode).to.equal(200);
    expect(harness.host.commands.filter((command) => command === "add-user")).to.have.length(3);
  });

  it("keeps the PIN with the number when its owner moves to a new account, unless told otherwise", async () => {
    await signUp({ newPin: "4711" });
    await signUp({ pin: "4711" });
    const session = await harness.begin(ROMEO);
    expect(problemOf(await harness.verify(session, { code: harness.sms.lastCode }))).to.equal("pin-required");
    await signUp({ pin: "4711", newPin: "" });
    await signUp();
  });

  it("keeps number and code out of log, database and its journal", async () => {
    await signUp({ device: device(), newPin: "90210123" });
    harness.sms.status = 500;
    await harness.post("/v1/sign-ups", { number: "+15551237777" });
    const code = harness.sms.lastCode;
    const files = readdirSync(harness.folder).map((name) =>
      readFileSync(join(harness.folder, name), "latin1"),
    );
    const everything = [...files, ...harness.logLines].join("\n");
    expect(harness.logLines.join("")).to.include("a code was not sent");
    for (const secret of ["5551230001", "5551237777", "90210123"]) expect(everything).to.not.include(secret);
    expect(harness.logLines.join("\n")).to.not.include(code);
  });
});
