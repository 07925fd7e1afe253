import { expect } from "chai";
import { createCommands } from "../../../component/commands/mod.js";
import { linkNumber, SignUpError, type Requester } from "../../../sdk/sign-up/mod.js";
import { StanzaError } from "../../../src/errors.js";
import { newDeviceId } from "../../../src/ids.js";
import { Jid } from "../../../src/jid.js";
import { phoneNumber } from "../../../src/phone-number.js";
import { parseStanzaError, parseXml, stanzaErrorElement, xml } from "../../../src/xml.js";
import { Harness } from "../../component/sign-up/harness.js";
import { newDeviceKey } from "../../support/raw-device.js";

const ROMEO = "+15551230001";
const component = "phone.example.org";

describe("linkNumber", () => {
  let harness: Harness;
  let connection: (jid: string) => Requester;

  beforeEach(async () => {
    harness = await Harness.start();
    const responder = createCommands(harness.clock, () =>
      harness.capabilities.flatMap((one) => one.commands ?? []),
    ).responder;
    // Written and parsed as if it went through a server
    connection = (jid) => ({
      async request(iq) {
        const payload = parseXml(iq.children.join(""));
        try {
          const answer = await responder.handle({
            from: Jid.parse(jid),
            to: Jid.parse(component),
            id: "1",
            payload,
          });
          return xml("iq", { type: "result" }, parseXml(answer.toString()));
        } catch (error) {
          if (!(error instanceof StanzaError)) throw error;
          throw parseStanzaError(parseXml(stanzaErrorElement(error).toString()));
        }
      },
    });
  });
  afterEach(() => harness.stop());

  const device = () => ({ deviceId: newDeviceId(), publicKey: newDeviceKey().publicKey });
  const refusal = async (work: Promise<unknown>): Promise<SignUpError> => {
    const error = await work.catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(SignUpError);
    return error as SignUpError;
  };
  const friar = () => connection("friar@example.org/cell");

  it("gives the number to the account after the right code, without touching the host", async () => {
    const session = await linkNumber(friar(), { component, number: ROMEO, device: device() });
    await session!.verify(harness.sms.lastCode);
    const row = await harness.accounts.findByJid("friar@example.org");
    expect(row).to.include({ isMadeHere: false });
    expect(harness.host.commands).to.deep.equal([]);
  });

  it("says what was wrong, and when to try again", async () => {
    const session = await linkNumber(friar(), { component, number: ROMEO });
    const wrong = harness.sms.lastCode === "000000" ? "000001" : "000000";
    expect((await refusal(session!.verify(wrong))).code).to.equal("code-wrong");
    expect(await refusal(session!.resend())).to.include({ code: "too-early", retryAfterSeconds: 60 });
    harness.clock.advance(60_000);
    await session!.resend("voice");
    await session!.verify(harness.sms.lastCode);
  });

  it("binds a further device without a code when the number is the account's own", async () => {
    await (await linkNumber(friar(), { component, number: ROMEO, device: device() }))!.verify(
      harness.sms.lastCode,
    );
    const further = device();
    expect(await linkNumber(friar(), { component, number: ROMEO, device: further })).to.equal(undefined);
    expect(await linkNumber(friar(), { component, number: ROMEO, device: further })).to.equal(undefined);
    expect(await harness.accounts.devices("friar@example.org")).to.have.length(2);
    const stolen = { ...device(), deviceId: further.deviceId };
    const error = await refusal(linkNumber(friar(), { component, number: ROMEO, device: stolen }));
    expect(error.code).to.equal("device-id-taken");
    expect(harness.sms.received).to.have.length(1);
  });

  it("takes the number from its former account, whose account on the host is deleted if it was made here", async () => {
    const session = await harness.begin(ROMEO);
    const made = await harness.verify(session, { code: harness.sms.lastCode });
    const { account } = made.json<{ account: string }>();
    harness.clock.advance(60_000);
    await (await linkNumber(friar(), { component, number: ROMEO }))!.verify(harness.sms.lastCode);
    for (const capability of harness.capabilities) for (const job of capability.jobs ?? []) await job.run();
    expect(harness.gone).to.deep.equal([account]);
    expect([...harness.host.accounts.keys()]).to.deep.equal([]);
  });

  it("takes nothing from a number with a PIN unless the PIN is given", async () => {
    const first = await harness.begin(ROMEO);
    await harness.verify(first, { code: harness.sms.lastCode, newPin: "4711" });
    const session = await linkNumber(friar(), { component, number: ROMEO });
    const code = harness.sms.lastCode;
    expect((await refusal(session!.verify(code))).code).to.equal("pin-required");
    expect((await refusal(session!.verify(code, { pin: "0000" }))).code).to.equal("pin-wrong");
    await session!.verify(code, { pin: "4711" });
    expect((await harness.accounts.findByJid("friar@example.org"))?.pinHash).to.not.equal(null);
  });

  it("changes the account's number: the former one belongs to nobody", async () => {
    await (await linkNumber(friar(), { component, number: ROMEO }))!.verify(harness.sms.lastCode);
    await (await linkNumber(friar(), { component, number: "+15551230002" }))!.verify(harness.sms.lastCode);
    const row = await harness.accounts.findByJid("friar@example.org");
    expect(harness.context.vault.openNumber(row!.numberSealed)).to.equal("+15551230002");
    expect(harness.gone).to.deep.equal(["friar@example.org"]);
  });

  it("is forbidden to accounts of other servers", async () => {
    const error = await refusal(
      linkNumber(connection("tybalt@elsewhere.example/x"), { component, number: ROMEO }),
    );
    expect(error.code).to.equal("forbidden");
    expect(harness.sms.received).to.have.length(0);
  });

  it("can be given up, after which the session is gone", async () => {
    const session = await linkNumber(friar(), { component, number: ROMEO });
    await session!.cancel();
    expect((await refusal(session!.verify(harness.sms.lastCode))).code).to.equal("session-expired");
  });

  it("belongs to the account that began it: neither another nor a newcomer can finish it", async () => {
    const key = Buffer.alloc(32, 1);
    const { clock, context, operations } = harness;
    const now = clock.now();
    const codeHash = Buffer.alloc(32, 2);
    await operations.begin({
      session: key,
      numberHash: Buffer.alloc(32),
      numberSealed: context.vault.sealNumber(phoneNumber(ROMEO)),
      country: "US",
      linkJid: "friar@example.org",
      isTest: false,
      channel: "sms",
      codeHash,
      charges: [],
      breaker: context.config.signUp.breaker,
      now,
    });
    const check = async (jid: string | null) =>
      (await operations.check(key, jid, codeHash, context.config.signUp.breaker, now)).status;
    expect([
      await check(null),
      await check("juliet@example.org"),
      await check("friar@example.org"),
    ]).to.deep.equal(["no-session", "no-session", "right"]);
  });

  it("limits how many numbers one account tries", async () => {
    for (let i = 0; i < 5; i++) await linkNumber(friar(), { component, number: `+1555123000${i}` });
    const error = await refusal(linkNumber(friar(), { component, number: "+15551230009" }));
    expect(error.code).to.equal("too-many-requests");
    expect(error.retryAfterSeconds).to.equal(3600);
  });
});
