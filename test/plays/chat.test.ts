import { expect } from "chai";
import { newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { attribute, type Element, parseXml, xml } from "../../src/xml.js";
import { AppAccount } from "../support/app-account.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";
const BENVOLIO = "+15551230003";
const CODES = { [ROMEO]: "000001", [JULIET]: "000002", [BENVOLIO]: "000003" };

describe("The component's chat", () => {
  const world = useWorld({ config: { signUp: { testNumbers: CODES } } });
  const apps: AppAccount[] = [];
  let count = 0;
  const arrive = async (): Promise<AppAccount> => {
    const app = await AppAccount.make(world(), `chatter${++count}`);
    apps.push(app);
    return app;
  };
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.stop()));
  });

  it("signs Romeo up: number, code, and what his address is", async () => {
    const romeo = await arrive();
    expect((await romeo.converse("register +1 555 123-0001")).text).to.include(ROMEO);
    const { text, element } = await romeo.converse("000-001");
    expect(text).to.include(`${ROMEO}@${world().prosody.componentDomain}`);
    expect([attribute(element, "type"), attribute(element, "xml:lang")]).to.deep.equal(["chat", "en"]);
    expect((await romeo.converse(`register ${ROMEO}`)).text).to.include("already");
  });

  it("goes on with a code that was asked for by a form", async () => {
    const juliet = await arrive();
    await juliet.query("set", `<query xmlns='${NS.register}'><phone>${JULIET}</phone></query>`);
    expect((await juliet.converse("code 000002")).text).to.include("belongs to this account now");
  });

  it("tells of a wrong code, of none awaited, of a number that is none", async () => {
    const nurse = await arrive();
    expect((await nurse.converse("code 123456")).text).to.include("not waiting");
    expect((await nurse.converse("register __proto__")).text).to.include("not a phone number");
    expect((await nurse.converse("register")).text).to.include("Write the number");
    await nurse.converse(`register ${BENVOLIO}`);
    expect((await nurse.converse("code")).text).to.include("Write the code");
    expect((await nurse.converse("code 999999")).text).to.include("not right");
    expect((await nurse.converse("again")).text).to.match(/Wait .*\(wait \d+ seconds\)/);
  });

  it("finds people by number, for those who have one", async () => {
    const finder = await arrive();
    await world().person("+15551230011", "found-one");
    expect((await finder.converse("find +15551230011")).text).to.include("Link a number of your own");
    await world().enrol("+15551230012", "chatfinder", {
      deviceId: 7 as never,
      publicKey: Buffer.alloc(32, 1),
    });
    const linked = await AppAccount.logIn(world(), "chatfinder");
    apps.push(linked);
    const { componentDomain } = world().prosody;
    expect((await linked.converse("find (555) 123-0011")).text).to.include(`+15551230011@${componentDomain}`);
    expect((await linked.converse("find +15551239999")).text).to.include("is not here");
    expect((await linked.converse("find me")).text).to.include("Write the number");
    expect((await linked.converse("devices")).text).to.match(/\n7 \(last seen 2/);
    expect((await linked.converse("remove 8")).text).to.include("no such device");
    expect((await linked.converse("remove constructor")).text).to.include("no such device");
    expect((await linked.converse("remove 7")).text).to.include("Device 7");
    expect((await linked.converse("pin 24")).text).to.include("4 to 20");
    expect((await linked.converse("pin 2468")).text).to.include("is set");
    expect((await linked.converse("pin off")).text).to.include("no PIN");
    expect((await linked.converse("yes")).text).to.include("nothing to confirm");
    expect((await linked.converse("unlink")).text).to.include("Write yes");
    expect((await linked.converse("yes")).text).to.include("not belong");
    expect((await linked.converse("unlink")).text).to.include("Link a number of your own");
  });

  it("asks for the PIN that protects a number", async () => {
    const owner = await arrive();
    await owner.converse(`register ${BENVOLIO}`);
    await owner.converse("000003");
    await owner.converse("pin 4711");
    const other = await arrive();
    await other.converse(`register ${BENVOLIO}`);
    expect((await other.converse("code 000003")).text).to.include("protected by a PIN");
    expect((await other.converse("code 000003 pin 4711")).text).to.include("belongs to this account now");
    expect((await owner.converse("unlink")).text).to.include("Link a number of your own");
  });

  it("answers in the language of the stanza, or of the word, and stays with it", async () => {
    const app = await arrive();
    const german = await app.converse("code 000001", { "xml:lang": "de-AT" });
    expect([german.language, german.text]).to.deep.equal([
      "de",
      "Ich warte auf keinen Code. Beginne mit deiner Nummer: registrieren +49 151 12345678",
    ]);
    expect((await app.converse("ayuda")).language).to.equal("es");
    expect((await app.converse("pin")).language, "the word of several languages").to.equal("es");
    expect((await app.converse("unlink")).language).to.equal("en");
    expect((await app.converse("help", { "xml:lang": "__proto__" })).language).to.equal("en");
  });

  it("confirms with a receipt and keeps the thread (XEP-0184)", async () => {
    const app = await arrive();
    const id = newId();
    const request = xml("request", { xmlns: NS.receipts });
    const { element } = await app.converse("help", { id }, request, xml("thread", {}, "t1"));
    expect(element.getChildText("thread")).to.equal("t1");
    const received = app.stanzas.filter((one) => one.getChild("received", NS.receipts));
    expect(received.map((one) => one.getChild("received", NS.receipts)?.attrs["id"])).to.deep.equal([id]);
  });

  it("takes a message that comes twice once", async () => {
    const app = await arrive();
    const id = newId();
    await app.converse("help", { id });
    await app.write("help", { id });
    await app.settle();
    expect(app.said).to.have.length(1);
  });

  it("answers what it does not understand once, so that no two programs talk for ever", async () => {
    const app = await arrive();
    const first = await app.converse("But soft, what light");
    expect(first.text).to.include("register +1");
    for (const text of [first.text, "x".repeat(5000), "__proto__", "constructor"]) await app.write(text);
    await app.settle();
    expect(app.said).to.have.length(1);
    expect((await app.converse("help")).text).to.include("register +1");
  });

  it("stops answering whoever writes faster than people do", async () => {
    const app = await arrive();
    for (let line = 0; line < 40; line += 1) await app.write("help");
    await app.settle();
    await until("what was answered", () => app.said.length >= 20);
    expect(app.said.length).to.be.within(20, 22);
  });

  it("answers no error, headline, receipt, chat state, marker or old message", async () => {
    const app = await arrive();
    const to = world().prosody.componentDomain;
    const states = ["active", "composing", "paused", "inactive", "gone"].map(
      (name) => `<message to='${to}' type='chat'><${name} xmlns='${NS.chatStates}'/></message>`,
    );
    for (const stanza of [
      `<message to='${to}' type='error' id='1'><body>help</body><error type='cancel'/></message>`,
      `<message to='${to}' type='headline' id='2'><body>help</body></message>`,
      `<message to='${to}' type='groupchat' id='3'><body>help</body></message>`,
      `<message to='${to}' type='chat' id='4'><received xmlns='${NS.receipts}' id='x'/></message>`,
      `<message to='${to}' type='chat' id='5'><displayed xmlns='${NS.chatMarkers}' id='x'/></message>`,
      `<message to='${to}' type='chat' id='6'><delay xmlns='${NS.delay}' stamp='2020-01-01T00:00:00Z'/><body>help</body></message>`,
      ...states,
    ])
      await app.connection.send(parseXml(stanza).toString());
    await app.settle();
    expect(app.stanzas.filter((one) => one.name === "message").map(String)).to.deep.equal([]);
  });

  it("says that it cannot read what is encrypted", async () => {
    const app = await arrive();
    const encrypted = xml("encrypted", { xmlns: NS.omemo });
    expect((await app.converse("I sent you an OMEMO message", {}, encrypted)).text).to.include("encrypted");
  });

  it("tells whoever writes to a number without having one how to get one; once a day", async () => {
    const app = await arrive();
    const to = `+15551230011@${world().prosody.componentDomain}`;
    for (const id of ["a", "b"])
      await app.connection.send(`<message to='${to}' type='chat' id='${id}'><body>hello</body></message>`);
    const isError = (one: Element): boolean => attribute(one, "type") === "error";
    await until("both are refused", () => app.stanzas.filter(isError).length === 2);
    await until("it is told", () => app.said.length > 0);
    await app.settle();
    expect(app.said.map(({ text }) => text.split("\n")[0])).to.deep.equal([
      "To write to phone numbers, link your own first. Write here: register +1 555 123 0001",
    ]);
  });

  it("waits for its code over a restart of the component", async () => {
    const app = await arrive();
    await app.converse(`register ${ROMEO}`);
    await world().stopComponent();
    await world().startComponent();
    expect((await app.converse("000001")).text).to.include("belongs to this account now");
  });
});
