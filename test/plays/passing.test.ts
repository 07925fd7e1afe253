import { expect } from "chai";
import { StanzaError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import { RawApp } from "../support/raw-app.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

async function condition(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error: unknown) => {
      if (error instanceof StanzaError) return error.condition;
      throw error;
    },
  );
}

describe("a call between numbers", () => {
  const world = useWorld();
  const jids = { romeo: "", juliet: "" };
  let romeo: RawApp;
  let juliet: RawApp;
  let orchard: RawApp;
  let service = "";
  before(async () => {
    const [first, second] = [
      await world().person("+15551238001", "opaque-romeo"),
      await world().person("+15551238002", "opaque-juliet"),
    ];
    service = first.numberDomain;
    jids.romeo = `${first.number}@${service}`;
    jids.juliet = `${second.number}@${service}`;
    romeo = await RawApp.online(first, "secret-romeo");
    juliet = await RawApp.online(second, "secret-balcony");
    orchard = await RawApp.online(second, "secret-orchard");
    // That they are there has to have come to the component
    await romeo.ask("get", service, xml("ping", { xmlns: NS.ping }));
    await juliet.ask("get", service, xml("ping", { xmlns: NS.ping }));
    await orchard.ask("get", service, xml("ping", { xmlns: NS.ping }));
  });
  after(async () => {
    await Promise.all([romeo, juliet, orchard].map((app) => app.stop()));
  });

  const callMessages = (app: RawApp, name: string): Element[] =>
    app.stanzas.filter((stanza) => stanza.getChild(name, NS.jingleMessage) !== undefined);
  const propose = (to: string): Promise<void> =>
    romeo.send(
      `<message type='chat' id='p1' to='${to}'><propose xmlns='${NS.jingleMessage}' id='call'>
       <description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/></propose><store xmlns='${NS.hints}'/></message>`,
    );
  let callee = "";
  let caller = "";

  it("rings on every app of the person called, once, from the caller's number", async () => {
    await propose(jids.juliet);
    for (const app of [juliet, orchard]) {
      await until("it rings", () => callMessages(app, "propose").length > 0, 15_000);
      const [message] = callMessages(app, "propose");
      caller = String(attribute(message as Element, "from"));
      expect(caller.split("/")[0]).to.equal(jids.romeo);
      expect(message?.getChild("propose")?.getChild("description")?.attrs["media"]).to.equal("audio");
      expect(String(message)).not.to.include("secret-romeo");
      expect(String(message)).not.to.include("opaque-romeo");
    }
  });

  it("is answered by one of them to the very app that called", async () => {
    await juliet.send(
      `<message type='chat' to='${caller}'><proceed xmlns='${NS.jingleMessage}' id='call'/></message>`,
    );
    await until("the answer", () => callMessages(romeo, "proceed").length > 0, 15_000);
    callee = String(attribute(callMessages(romeo, "proceed")[0] as Element, "from"));
    expect(callee.split("/")[0]).to.equal(jids.juliet);
    expect(callee).not.to.include("secret");
    expect(callMessages(orchard, "propose")).to.have.length(1);
  });

  it("negotiates its session between the two, with addresses as each side knows them", async () => {
    const seen: Element[] = [];
    juliet.connection.handle("set", NS.jingle, "jingle", (payload, iq) => {
      seen.push(iq);
      return undefined;
    });
    const jingle = xml(
      "jingle",
      { xmlns: NS.jingle, action: "session-initiate", sid: "call", initiator: romeo.jid, responder: callee },
      xml("content", { creator: "initiator", name: "voice" }),
    );
    await romeo.ask("set", callee, jingle);
    const payload = seen[0]?.getChild("jingle", NS.jingle);
    expect(attribute(seen[0] as Element, "from")).to.equal(caller);
    expect(payload?.attrs).to.include({ initiator: caller, responder: juliet.jid, sid: "call" });
    expect(String(seen[0])).not.to.include("opaque-romeo");
  });

  it("passes a refusal with its condition and without its words", async () => {
    juliet.connection.handle("set", NS.jingle, "jingle", () => {
      throw new StanzaError("item-not-found", `not at ${juliet.jid}`, {
        applicationCondition: "unknown-session",
        applicationNamespace: "urn:xmpp:jingle:errors:1",
      });
    });
    const refusal = await romeo
      .ask("set", callee, xml("jingle", { xmlns: NS.jingle, action: "session-info", sid: "other" }))
      .catch((error: unknown) => error);
    expect(refusal).to.include({ condition: "item-not-found", applicationCondition: "unknown-session" });
    expect((refusal as Error).message).not.to.include("opaque");
  });

  it("passes pings, which the app itself answers", async () => {
    expect(await condition(romeo.ask("get", callee, xml("ping", { xmlns: NS.ping })))).to.equal("none");
  });

  const refused: Record<string, readonly [type: "get" | "set", payload: Element]> = {
    "a command": ["set", xml("command", { xmlns: NS.commands, node: `${NS.admin}#delete-user` })],
    "the version": ["get", xml("query", { xmlns: "jabber:iq:version" })],
    "the roster": ["get", xml("query", { xmlns: "jabber:iq:roster" })],
    "private storage": ["get", xml("query", { xmlns: "jabber:iq:private" })],
    "the archive": ["set", xml("query", { xmlns: NS.archive })],
    "a file transfer of old": ["set", xml("open", { xmlns: "http://jabber.org/protocol/ibb" })],
    publishing: ["set", xml("pubsub", { xmlns: NS.pubsub }, xml("publish", { node: NS.nick }))],
  };
  for (const [what, [type, payload]] of Object.entries(refused)) {
    it(`passes nothing else: not ${what}`, async () => {
      for (const to of [callee, jids.juliet])
        expect(await condition(romeo.ask(type, to, payload))).to.equal("service-unavailable");
    });
  }

  it("reaches no app by a name that was made up, and none by its own", async () => {
    for (const resource of ["secret-balcony", "AAAAAAAAAAAAAAAA"]) {
      const jingle = xml("jingle", { xmlns: NS.jingle, action: "session-info", sid: "x" });
      expect(await condition(romeo.ask("set", `${jids.juliet}/${resource}`, jingle))).to.equal(
        "service-unavailable",
      );
    }
  });

  it("refuses what is too large", async () => {
    const large = xml("jingle", { xmlns: NS.jingle, action: "session-info", sid: "x" }, "x".repeat(70_000));
    expect(await condition(romeo.ask("set", callee, large))).to.equal("policy-violation");
  });

  it("does not ring for whoever is blocked, and looks to that one as if nobody answered", async () => {
    const count = callMessages(juliet, "propose").length;
    const item = xml("item", { jid: jids.romeo });
    await juliet.ask("set", service, xml("block", { xmlns: NS.blocking }, item));
    await propose(jids.juliet);
    const ping = romeo.ask("get", callee, xml("ping", { xmlns: NS.ping }));
    expect(await condition(ping)).to.equal("service-unavailable");
    await juliet.ask("get", service, xml("ping", { xmlns: NS.ping }));
    expect(callMessages(juliet, "propose")).to.have.length(count);
    expect(romeo.stanzas.filter((stanza) => attribute(stanza, "type") === "error")).to.deep.equal([]);
  });
});
