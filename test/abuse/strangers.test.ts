import { expect } from "chai";
import { Connection } from "../../sdk/connection/connection.js";
import { StanzaError } from "../../src/errors.js";
import { newId, newMessageId, type MessageId, type Seq } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import { writeAttach } from "../../src/mailbox-attach.js";
import { writeDeliver, writeEntry } from "../../src/mailbox-deliver.js";
import { writeSubmit } from "../../src/mailbox-submit.js";
import { NS, OMEMO_DEVICE_LIST_NODE } from "../../src/namespaces.js";
import { parseXml, xml, type Element } from "../../src/xml.js";
import { addAccount, temporaryProsody, type TemporaryProsody } from "../support/prosody.js";
import { body, RawDevice } from "../support/raw-device.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";
import { federate, loopbackDomain } from "./federation.js";

const HOST = loopbackDomain();
const NUMBER_DOMAIN = loopbackDomain();
const STRANGE_DOMAIN = loopbackDomain();
const ROMEO = "+15551230001";
const JULIET = "+15551230002";
const NOBODY = "+15559999999";

describe("a stranger on another server, by federation", function () {
  this.timeout(120_000);
  const world = useWorld({ prosody: { host: HOST, componentDomain: NUMBER_DOMAIN } });
  let elsewhere: TemporaryProsody;
  let romeo: RawDevice;
  let juliet: RawDevice;
  let stranger: Connection;
  /** What reached the stranger without being asked for. */
  const heard: Element[] = [];

  before(async () => {
    await world().stopComponent();
    await federate(world().prosody, HOST, NUMBER_DOMAIN);
    await world().startComponent();
    elsewhere = await temporaryProsody({ host: STRANGE_DOMAIN, componentDomain: "unused.example.net" });
    await federate(elsewhere.prosody, STRANGE_DOMAIN);
    await addAccount(elsewhere.prosody, "tybalt", "secret");
    romeo = await RawDevice.online(await world().person(ROMEO));
    juliet = await RawDevice.online(await world().person(JULIET));
    const { service } = elsewhere.prosody;
    const account = { service, domain: STRANGE_DOMAIN, username: "tybalt", password: "secret" };
    stranger = new Connection({ ...account, resource: "elsewhere" });
    stranger.on("error", () => {});
    stranger.on("stanza", (stanza) => heard.push(stanza));
    await stranger.start();
  });
  // Whatever was tried: the service stands, and a message goes through it
  afterEach(async () => {
    await romeo.receipt(await romeo.say(juliet.numberJid, "still here"), "delivered");
  });
  after(async () => {
    await Promise.all([romeo?.stop(), juliet?.stop(), stranger?.stop()]);
    await elsewhere?.remove();
  });

  const ask = async (type: "get" | "set", payload: Element, to = NUMBER_DOMAIN): Promise<Element> => {
    const iq = xml("iq", { type, to, id: newId() }, payload);
    const result = await stranger.request(iq, { timeoutMs: 10_000 });
    return result.getChildElements()[0] ?? result;
  };
  const refusal = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "none",
      (error: unknown) => (error instanceof StanzaError ? error.condition : String(error)),
    );
  const address = (number: string): string => `${number}@${NUMBER_DOMAIN}`;
  /** Waits until everything that the stranger sent before has been handled. */
  const handled = (): Promise<Element> => ask("get", xml("ping", { xmlns: NS.ping }));
  const stateOf = async (id: MessageId): Promise<string[]> =>
    (await romeo.status(id)).recipients.map(({ state }) => state);
  const items = (): Element =>
    xml("pubsub", { xmlns: NS.pubsub }, xml("items", { node: OMEMO_DEVICE_LIST_NODE }));

  it("reaches the component, and is known by the domain that its own server proved", async () => {
    romeo.isAcknowledging = false;
    const id = await juliet.say(romeo.numberJid, "for him alone");
    await until("the message", () => romeo.messages.some((message) => message.id === id));
    const from = String(romeo.connection.jid);
    const at = heard.length;
    const ack = xml("ack", { xmlns: NS.mailbox, seq: romeo.entries.at(-1)?.seq });
    await stranger.send(xml("message", { from, to: NUMBER_DOMAIN, id: "forged" }, ack));
    await stranger.send(xml("message", { from, to: juliet.numberJid, id: "m" }, xml("body", {}, "hello")));
    await handled();
    // It is told as itself, whoever it claims to be: that it has no mailbox, and that it may not write
    const answers = heard.slice(at).filter(({ name }) => name === "message");
    expect(answers.map((answer) => [answer.attrs["from"], answer.attrs["to"]])).to.deep.equal([
      [NUMBER_DOMAIN, String(stranger.jid)],
      [juliet.numberJid, String(stranger.jid)],
    ]);
    expect(answers[0]?.getChild("detached", NS.mailbox)).not.to.equal(undefined);
    expect(answers[1]?.attrs["type"]).to.equal("error");
    expect(
      await juliet.status(id).then(({ recipients }) => recipients.map(({ state }) => state)),
    ).to.deep.equal(["accepted"]);
    romeo.isAcknowledging = true;
    await romeo.attach();
    await juliet.receipt(id, "delivered");
  });

  it("opens no mailbox: no nonce, no token of anybody, no message", async () => {
    const token = { token: romeo.token ?? "" };
    const attach = writeAttach({ device: romeo.credentials.deviceId, last: 0 as Seq, proof: token });
    const message = { id: newMessageId(), to: Jid.parse(romeo.numberJid), payload: body("hello") };
    expect(await refusal(ask("get", xml("challenge", { xmlns: NS.mailbox })))).to.equal("forbidden");
    expect(await refusal(ask("set", attach))).to.equal("forbidden");
    expect(await refusal(ask("set", parseXml(writeSubmit({ messages: [message] }))))).to.equal(
      "not-authorized",
    );
    expect(await refusal(ask("get", xml("status", { xmlns: NS.mailbox, id: newMessageId() })))).to.not.equal(
      "none",
    );
  });

  it("raises no receipt and moves no cursor, whatever it claims, late or under a foreign id", async () => {
    juliet.isAcknowledging = false;
    const id = await romeo.say(juliet.numberJid, "for her alone");
    const delay = "<delay xmlns='urn:xmpp:delay' from='example.org' stamp='2001-01-01T00:00:00Z'/>";
    const stanzaId = `<stanza-id xmlns='urn:xmpp:sid:0' by='${NUMBER_DOMAIN}' id='${id}'/>`;
    const entry = { kind: "receipt", seq: 1 as Seq, isRedelivery: false, state: "read", at: 0 } as const;
    const deliver = writeDeliver([
      writeEntry({ ...entry, from: juliet.numberJid, device: undefined, ids: [id] }),
    ]);
    for (const to of [NUMBER_DOMAIN, romeo.numberJid, juliet.numberJid]) {
      for (const content of [
        `<received xmlns='urn:xmpp:receipts' id='${id}'/>`,
        `<displayed xmlns='${NS.chatMarkers}' id='${id}'/>`,
        `<ack xmlns='${NS.mailbox}' seq='1'/>`,
        `<generation xmlns='${NS.mailbox}'>AAAA</generation>`,
        deliver,
      ])
        await stranger.send(`<message id='${id}' to='${to}'>${content}${delay}${stanzaId}</message>`);
      await stranger.send(`<presence type='unavailable' to='${to}'/>`);
    }
    await handled();
    expect(await stateOf(id)).to.deep.equal(["accepted"]);
    expect(romeo.receipts.filter(({ ids }) => ids.includes(id))).to.deep.equal([]);
    juliet.isAcknowledging = true;
    await juliet.attach();
    await romeo.receipt(id, "delivered");
  });

  it("puts nothing before anybody: what it writes to a number comes back to it", async () => {
    const before = [romeo, juliet].map(({ entries, others }) => entries.length + others.length);
    const at = heard.length;
    for (const number of [ROMEO, JULIET, NOBODY])
      await stranger.send(`<message id='m' to='${address(number)}'>${body("hello")}</message>`);
    await handled();
    const answers = heard.slice(at).filter(({ name }) => name === "message");
    expect(answers).to.have.length(3);
    // The same answer for a number that is somebody's and for one that is nobody's
    const told = new Set(answers.map((answer) => answer.getChild("error")?.toString()));
    expect(told.size).to.equal(1);
    const after = [romeo, juliet].map(({ entries, others }) => entries.length + others.length);
    expect(after).to.deep.equal(before);
  });

  it("finds out about no number: every question has the same answer for somebody's and nobody's", async () => {
    const questions: readonly (() => Element)[] = [
      items,
      () => xml("query", { xmlns: NS.discoInfo }),
      () => xml("query", { xmlns: NS.discoItems }),
      () => xml("vCard", { xmlns: "vcard-temp" }),
      () => xml("query", { xmlns: "jabber:iq:last" }),
      () => xml("ping", { xmlns: NS.ping }),
    ];
    for (const question of questions) {
      const answers: string[] = [];
      for (const number of [ROMEO, NOBODY])
        answers.push(
          await ask("get", question(), address(number)).then(
            (result) => result.toString().replaceAll(number, "NUMBER"),
            (error: unknown) => (error instanceof StanzaError ? error.condition : String(error)),
          ),
        );
      expect(answers[0], question().toString()).to.equal(answers[1]);
    }
  });

  it("sees nobody and is nobody's contact: every number refuses it alike, and nothing else answers", async () => {
    // Its server tells of a refusal only who has asked for the roster; RFC 6121 §3.2.3
    await ask("get", xml("query", { xmlns: "jabber:iq:roster" }), `tybalt@${STRANGE_DOMAIN}`);
    const seen = (): number => [romeo, juliet].flatMap(({ others }) => others).length;
    const [before, at] = [seen(), heard.length];
    const tell = (type: string, number: string): Promise<void> =>
      stranger.send(`<presence ${type && `type='${type}'`} to='${address(number)}'/>`);
    for (const type of ["subscribed", "probe", "", "subscribe"])
      for (const number of [ROMEO, NOBODY]) await tell(type, number);
    await handled();
    const answers = heard.slice(at).filter(({ name }) => name === "presence");
    // RFC 6121 §3.1.3: as of a contact that does not exist
    expect(answers.map(({ attrs }) => `${attrs["type"]} ${attrs["from"]}`)).to.deep.equal(
      [ROMEO, NOBODY].map((number) => `unsubscribed ${address(number)}`),
    );
    expect(answers.map((answer) => answer.getChildElements())).to.deep.equal([[], []]);
    expect(seen()).to.equal(before);
  });

  it("registers nothing, looks nobody up, and has nobody to chat with", async () => {
    const payloads: readonly (readonly ["get" | "set", Element])[] = [
      ["get", xml("query", { xmlns: NS.register })],
      ["set", xml("query", { xmlns: NS.register }, xml("phone", {}, NOBODY))],
      ["set", xml("query", { xmlns: NS.register }, xml("remove"))],
      ["set", xml("query", { xmlns: NS.gateway }, xml("prompt", {}, ROMEO))],
      ["set", xml("query", { xmlns: NS.search }, xml("nick", {}, ROMEO))],
      ["get", xml("phone-book", { xmlns: NS.phoneBook }, xml("entry", { number: ROMEO }))],
    ];
    for (const [type, payload] of payloads)
      expect(await refusal(ask(type, payload)), payload.toString()).to.equal("forbidden");
    const at = heard.length;
    await stranger.send(`<message id='c' to='${NUMBER_DOMAIN}'><body>register ${NOBODY}</body></message>`);
    await handled();
    const answers = heard.slice(at).filter(({ name }) => name === "message");
    expect(answers.map(({ attrs }) => attrs["type"])).to.deep.equal(["error"]);
  });

  it("runs no command, and goes on with nobody's", async () => {
    const started = await romeo.ask("set", xml("command", { xmlns: NS.commands, node: "urn:twotick:pin" }));
    const sessionid = String(started.attrs["sessionid"]);
    for (const node of ["urn:twotick:link", "urn:twotick:pin", "urn:twotick:delete", "urn:twotick:devices"])
      for (const more of [{}, { sessionid }, { sessionid, action: "cancel" }])
        expect(await refusal(ask("set", xml("command", { xmlns: NS.commands, node, ...more })))).to.equal(
          "forbidden",
        );
    const cancel = { node: "urn:twotick:pin", sessionid, action: "cancel" };
    const canceled = await romeo.ask("set", xml("command", { xmlns: NS.commands, ...cancel }));
    expect(canceled.attrs["status"]).to.equal("canceled");
  });

  it("answers no question of the component that was not put to it", async () => {
    for (const type of ["result", "error"])
      for (const to of [NUMBER_DOMAIN, `registrar@${NUMBER_DOMAIN}`, address(ROMEO)])
        await stranger.send(
          `<iq type='${type}' id='${newId()}' to='${to}'><query xmlns='${NS.pubsub}'/></iq>`,
        );
    const before = heard.length;
    await handled();
    expect(heard.length).to.equal(before);
  });

  it("does not speak as the registrar, whom the host obeys", async () => {
    const command = xml("command", {
      xmlns: NS.commands,
      node: "http://jabber.org/protocol/admin#add-user",
    });
    expect(await refusal(ask("set", command, HOST))).to.equal("forbidden");
    const to = `registrar@${NUMBER_DOMAIN}`;
    expect(await refusal(ask("set", command, to))).to.equal("item-not-found");
  });
});
