import { expect } from "chai";
import { SETTLE_MS } from "../../component/contacts/presenter.js";
import { systemClock } from "../../src/clock.js";
import { addAccount } from "../support/prosody.js";
import { Profanity } from "../support/profanity.js";
import { useWorld } from "../support/world.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";

describe("Profanity, from its sign-up on", function () {
  this.timeout(120_000);
  let aheadMs = 0;
  const world = useWorld({
    clock: { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs },
    config: { signUp: { testNumbers: { [ROMEO]: "000001", [JULIET]: "000002" } } },
  });
  const screens: Profanity[] = [];
  let romeo: Profanity;
  let juliet: Profanity;
  let component = "";
  const enter = async (username: string): Promise<Profanity> => {
    await addAccount(world().prosody, username, "secret");
    const profanity = await Profanity.logIn(world(), username, "secret");
    screens.push(profanity);
    return profanity;
  };
  const jidOf = (number: string): string => `${number}@${component}`;
  before(() => {
    component = world().prosody.componentDomain;
    // Right after its start the component takes nobody for gone
    aheadMs = SETTLE_MS;
  });
  afterEach(function () {
    if (this.currentTest?.state !== "failed") return;
    for (const { screen } of screens) console.error(`${"-".repeat(160)}\n${screen}`);
  });
  after(() => {
    for (const profanity of screens) profanity.stop();
  });

  it("signs up by chat and finds somebody by command", async () => {
    romeo = await enter("romeo");
    romeo.type(`/msg ${component} register ${ROMEO}`);
    await romeo.sees(`A code is on its way to ${ROMEO}`);
    romeo.type("code 000001");
    await romeo.sees(`${ROMEO} belongs to this account now`);
    romeo.type(`/cmd exec urn:twotick:find ${component}`);
    await romeo.sees("Find somebody by number");
    romeo.type(`/field1 ${ROMEO}`);
    romeo.type("/form submit");
    await romeo.sees(`Address: ${jidOf(ROMEO)}`);
  });

  it("signs up by command, in two forms", async () => {
    juliet = await enter("juliet");
    juliet.type(`/cmd exec urn:twotick:link ${component}`);
    await juliet.sees("Link a phone number");
    juliet.type(`/field1 ${JULIET}`);
    juliet.type("/form submit");
    await juliet.sees("Fill in the code");
    juliet.type("/field1 000002");
    juliet.type("/form submit");
    await juliet.sees("belongs to this account now");
  });

  it("adds whom the chat has found, sees that one come online, and writes to that address", async () => {
    juliet.type(`/msg ${component} find (555) 123-0001`);
    await juliet.sees("is here");
    const [address = ""] = /\S+@\S+$/m.exec(juliet.screen) ?? [];
    expect(address).to.equal(jidOf(ROMEO));
    for (const line of [`/msg ${address}`, `/sub request ${address}`]) juliet.type(line);
    romeo.type("/win 1");
    await romeo.sees(`Received authorization request from ${jidOf(JULIET)}`);
    romeo.type(`/sub allow ${jidOf(JULIET)}`);
    await juliet.sees(`${address} [online]`);
    romeo.type("/receipts send on");
    romeo.type(`/msg ${jidOf(JULIET)}`);
    juliet.type("/receipts request on");
    juliet.type("O Romeo");
    await romeo.sees("O Romeo");
    await juliet.seesReceiptOf("O Romeo");
  });

  it("corrects what it has said, on both screens (XEP-0308)", async () => {
    for (const profanity of [romeo, juliet]) profanity.type("/correction on");
    juliet.type("Douff thy name");
    await romeo.sees("Douff thy name");
    juliet.type("/correct Doff thy name");
    for (const profanity of [romeo, juliet]) {
      await profanity.sees("Doff thy name");
      expect(profanity.screen).not.to.include("Douff thy name");
    }
  });

  it("shows that the other is typing, until the message is there (XEP-0085)", async () => {
    romeo.type("/intype titlebar on");
    juliet.type("/outtype on");
    juliet.begins("Wherefore art");
    await romeo.sees("(typing...)");
    juliet.type(" thou");
    await romeo.sees("Wherefore art thou");
    expect(romeo.screen).not.to.include("(typing...)");
  });

  it("shows what the app of a contact can do, and when it was last there (XEP-0030, XEP-0012)", async () => {
    for (const line of ["/win 1", "/clear", `/disco info ${jidOf(ROMEO)}`]) juliet.type(line);
    await juliet.sees(`Service discovery info for ${jidOf(ROMEO)}`);
    await juliet.sees("urn:xmpp:message-correct:0");
    await juliet.asks(`/lastactivity get ${jidOf(ROMEO)}`, `${jidOf(ROMEO)} currently logged in`);
    romeo.type("/disconnect");
    await juliet.asks(`/lastactivity get ${jidOf(ROMEO)}`, `${jidOf(ROMEO)} last logged in`);
    await romeo.connect();
  });

  it("is gone for whom it has blocked on the host, and shows nothing that one writes (XEP-0191)", async () => {
    romeo.type(`/sub request ${jidOf(JULIET)}`);
    await juliet.sees(`Received authorization request from ${jidOf(ROMEO)}`);
    juliet.type(`/sub allow ${jidOf(ROMEO)}`);
    romeo.type(`/msg ${jidOf(JULIET)}`);
    await romeo.sees(`${jidOf(JULIET)} [online]`);
    juliet.type(`/blocked add ${jidOf(ROMEO)}`);
    await romeo.sees(`${jidOf(JULIET)} [offline]`);
    romeo.type("My dear");
    // What one app writes is taken in order: when the last is refused, the first has been taken
    romeo.type(`/msg ${jidOf("+15551230009")} anyone`);
    await romeo.sees("nobody can be reached under this number");
    juliet.type(`/msg ${component} help`);
    await juliet.sees("devices");
    juliet.type(`/msg ${jidOf(ROMEO)}`);
    await juliet.sees(`${jidOf(ROMEO)} [`);
    expect(juliet.screen).not.to.include("My dear");
  });
});
