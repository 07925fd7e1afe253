import { expect } from "chai";
import { newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { submitElement } from "../../src/data-form.js";
import { attribute, parseStanzaError, parseXml, xml, type Element } from "../../src/xml.js";
import { addAccount, temporaryProsody, type TemporaryProsody } from "../support/prosody.js";
import { RawApp } from "../support/raw-app.js";
import { body, type DeviceCredentials } from "../support/raw-device.js";
import { StockApp } from "../support/stock-app.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";
import { federate, loopbackDomain } from "./federation.js";

const HOST = loopbackDomain();
const NUMBER_DOMAIN = loopbackDomain();
const STRANGE_DOMAIN = loopbackDomain();
const JULIET = "+15551230001";
const SHUT = "+15551230002";
const WITHOUT_APP = "+15551230003";
const NOBODY = "+15559999999";
const NODE = "urn:twotick:strangers";

describe("people on other servers, where they are allowed", () => {
  const federation = { allowed: true, domains: [STRANGE_DOMAIN], numbersADay: 5, messagesADay: 60 };
  const world = useWorld({
    prosody: { host: HOST, componentDomain: NUMBER_DOMAIN },
    config: { federation },
  });
  let elsewhere: TemporaryProsody;
  let credentials: DeviceCredentials;
  let juliet: StockApp;
  let tybalt: RawApp;
  const address = (number: string): string => `${number}@${NUMBER_DOMAIN}`;
  const alias = (name: string): string => `${name}\\40${STRANGE_DOMAIN}@${NUMBER_DOMAIN}`;
  const stranger = async (name: string): Promise<RawApp> => {
    await addAccount(elsewhere.prosody, name, "secret");
    const { service } = elsewhere.prosody;
    return await RawApp.online({ service, domain: STRANGE_DOMAIN, username: name, password: "secret" });
  };
  const choose = async (app: StockApp, welcome: "0" | "1"): Promise<void> => {
    const ask = async (attributes: object, ...children: Element[]): Promise<Element> => {
      const command = xml("command", { xmlns: NS.commands, node: NODE, ...attributes }, ...children);
      const iq = xml("iq", { type: "set", to: NUMBER_DOMAIN, id: newId() }, command);
      const result = await app.connection.request(iq, { timeoutMs: 10_000 });
      return result.getChildElements()[0] as Element;
    };
    const { sessionid } = (await ask({})).attrs as { sessionid: string };
    await ask({ sessionid, action: "complete" }, submitElement(NODE, { welcome }));
  };
  const say = async (from: RawApp, number: string, text: string, more = ""): Promise<string> => {
    const id = newId();
    const to = address(number);
    await from.send(`<message type='chat' id='${id}' to='${to}'>${body(text)}${more}</message>`);
    return id;
  };
  /** What a message of a stranger was answered with; waits for everything sent before. */
  const told = async (from: RawApp, id: string): Promise<string | undefined> => {
    await from.ask("get", NUMBER_DOMAIN, xml("ping", { xmlns: NS.ping }));
    const error = from.stanzas.find((one) => attribute(one, "id") === id)?.getChild("error");
    return error && `${parseStanzaError(error).condition} ${error.toString()}`;
  };
  const refusal = async (from: RawApp, id: string): Promise<string> => {
    const errorOf = (): Element | undefined =>
      from.stanzas.find((one) => attribute(one, "id") === id)?.getChild("error");
    await until("the refusal", () => errorOf() !== undefined);
    const error = errorOf() as Element;
    return `${parseStanzaError(error).condition} ${error.toString()}`;
  };
  const textsTo = (app: RawApp): (string | undefined)[] =>
    app.stanzas.filter((one) => one.getChild("body")).map((one) => one.getChildText("body") ?? undefined);

  before(async () => {
    await world().stopComponent();
    await federate(world().prosody, HOST, NUMBER_DOMAIN);
    await world().startComponent();
    elsewhere = await temporaryProsody({ host: STRANGE_DOMAIN, componentDomain: "unused.example.net" });
    await federate(elsewhere.prosody, STRANGE_DOMAIN);
    credentials = await world().appPerson(JULIET);
    juliet = await StockApp.online(credentials, { resource: "balcony" });
    const shut = await StockApp.online(await world().appPerson(SHUT));
    await choose(juliet, "1");
    await shut.stop();
    await world().appPerson(WITHOUT_APP);
    tybalt = await stranger("tybalt");
  });
  after(async () => {
    await Promise.all([juliet?.stop(), tybalt?.stop()]);
    await elsewhere?.remove();
  });

  it("reach somebody who lets them, under their own address, and are told nothing more", async () => {
    const id = await say(
      tybalt,
      JULIET,
      "What, drawn, and talk of peace?",
      "<x xmlns='jabber:x:oob'><url>a</url></x>",
    );
    expect(await juliet.heard(1)).to.deep.equal(["What, drawn, and talk of peace?"]);
    const [message] = juliet.messages;
    expect(message?.attrs).to.include({ id, type: "chat" });
    expect(attribute(message as Element, "from")?.split("/")[0]).to.equal(alias("tybalt"));
    expect(message?.getChild("x", "jabber:x:oob")).to.equal(undefined);
    // Her app gives a receipt: it would tell that she is online
    expect(await told(tybalt, id)).to.equal(undefined);
    expect(textsTo(tybalt)).to.deep.equal([]);
    expect(tybalt.stanzas.filter((one) => one.name === "message")).to.deep.equal([]);
  });

  it("are kept for who is away, through a restart", async () => {
    await juliet.stop();
    const id = await say(tybalt, JULIET, "I hate the word");
    expect(await told(tybalt, id)).to.equal(undefined);
    await world().stopComponent();
    await world().startComponent();
    juliet = await StockApp.online(credentials, { resource: "balcony" });
    expect(await juliet.heard(1)).to.deep.equal(["I hate the word"]);
  });

  it("find out nothing of numbers: refused for one reason as for another", async () => {
    const answers: (string | undefined)[] = [];
    for (const number of [NOBODY, SHUT, WITHOUT_APP])
      answers.push(await refusal(tybalt, await say(tybalt, number, "Have at thee")));
    expect(answers[0]).to.match(/^forbidden /);
    expect(new Set(answers).size).to.equal(1);
  });

  it("are not written to by somebody to whom they did not write", async () => {
    const paris = await stranger("paris");
    const id = newId();
    await juliet.connection.send(
      `<message type='chat' id='${id}' to='${alias("paris")}'>${body("hello")}</message>`,
    );
    const isError = (one: Element): boolean =>
      attribute(one, "type") === "error" && attribute(one, "id") === id;
    await until("the refusal", () => juliet.arrived.some(isError));
    expect(textsTo(paris)).to.deep.equal([]);
    await paris.stop();
  });

  it("are answered from the number, and get receipts from then on", async () => {
    await juliet.connection.send(
      `<message type='chat' id='a1' to='${alias("tybalt")}'>${body("Peace")}</message>`,
    );
    await until("the answer", () => textsTo(tybalt).length === 1);
    const answer = tybalt.stanzas.find((one) => one.getChild("body"));
    expect(answer?.attrs).to.include({ from: address(JULIET), id: "a1", to: `tybalt@${STRANGE_DOMAIN}` });
    const id = await say(tybalt, JULIET, "as I hate hell");
    const isTick = (one: Element): boolean => one.getChild("received", NS.receipts)?.attrs["id"] === id;
    await until("the tick", () => tybalt.stanzas.some(isTick));
  });

  it("may try so many numbers a day, whether they are anybody's or not", async () => {
    const paris = await stranger("benvolio");
    const outcomes: (string | undefined)[] = [];
    for (const number of [1, 2, 3, 4, 5, 6])
      outcomes.push((await refusal(paris, await say(paris, `+1555999000${number}`, "hello"))).split(" ")[0]);
    expect(outcomes).to.deep.equal([...Array.from({ length: 5 }, () => "forbidden"), "resource-constraint"]);
    expect((await refusal(paris, await say(paris, JULIET, "hello"))).split(" ")[0]).to.equal(
      "resource-constraint",
    );
    // One that was tried before is none more
    expect((await refusal(paris, await say(paris, "+15559990001", "hello"))).split(" ")[0]).to.equal(
      "forbidden",
    );
    await paris.stop();
  });

  it("send no more at once than they may, and nothing large", async () => {
    const mercutio = await stranger("mercutio");
    expect(await refusal(mercutio, await say(mercutio, JULIET, "x".repeat(4097)))).to.match(
      /^policy-violation/,
    );
    const ids: string[] = [];
    for (let count = 0; count < 12; count++) ids.push(await say(mercutio, NOBODY, `${count}`));
    expect(await refusal(mercutio, ids[11] ?? "")).to.match(/^resource-constraint/);
    expect(await refusal(mercutio, ids[2] ?? "")).to.match(/^forbidden/);
    await mercutio.stop();
  });

  it("are heard no more by who blocks them on the host, and everybody else still is", async () => {
    const [rude, kind] = [await stranger("rude"), await stranger("kind")];
    const block = `<iq type='set' id='${newId()}'><block xmlns='${NS.blocking}'><item jid='${alias("rude")}'/></block></iq>`;
    await juliet.connection.request(parseXml(block), { timeoutMs: 10_000 });
    const before = (await juliet.heard(0)).length;
    expect(await told(rude, await say(rude, JULIET, "blocked"))).to.equal(undefined);
    // On the same stream behind what the host refused
    for (let turn = 0; turn < 3; turn++) await choose(juliet, "1");
    await say(kind, JULIET, "heard");
    expect((await juliet.heard(before + 1)).slice(before)).to.deep.equal(["heard"]);
    await Promise.all([rude.stop(), kind.stop()]);
  });

  it("are shut out again by who changes their mind", async () => {
    await choose(juliet, "0");
    expect(await refusal(tybalt, await say(tybalt, JULIET, "again?"))).to.match(/^forbidden/);
  });
});
