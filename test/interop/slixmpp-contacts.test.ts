import { expect } from "chai";
import { SETTLE_MS } from "../../component/contacts/presenter.js";
import { systemClock } from "../../src/clock.js";
import type { DeviceCredentials } from "../support/raw-device.js";
import { useWorld } from "../support/world.js";
import { refusal, requireSlixmpp, SlixmppApp } from "./slixmpp/app.js";

const AN_HOUR_MS = 3_600_000;

const jidOf = ({ number, numberDomain }: DeviceCredentials): string => `${number}@${numberDomain}`;

describe("slixmpp, as an ordinary app with numbers for contacts", function () {
  this.timeout(60_000);
  let aheadMs = 0;
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
  const world = useWorld({ clock });
  const jids = { romeo: "", juliet: "", component: "" };
  /** The apps of a call, as the other side knows them. */
  const ends = { caller: "", callee: "" };
  let romeo: SlixmppApp;
  let juliet: SlixmppApp;
  before(async () => {
    requireSlixmpp();
    const people = [
      await world().appPerson("+12025550111", "opaque-romeo"),
      await world().appPerson("+12025550112", "opaque-juliet"),
    ] as const;
    [jids.romeo, jids.juliet] = people.map(jidOf) as [string, string];
    jids.component = world().prosody.componentDomain;
    // Right after its start the component takes nobody for gone
    aheadMs = SETTLE_MS;
    const [first, second] = people;
    [romeo, juliet] = await Promise.all([
      SlixmppApp.online(first, { resource: "secret-orchard" }),
      SlixmppApp.online(second, { resource: "secret-balcony" }),
    ]);
  });
  after(() => Promise.all([romeo, juliet].map((one) => one?.kill())));

  it("adds somebody by a number as it is written at home (jabber:iq:gateway)", async () => {
    const { component } = jids;
    expect(await romeo.ask("gateway", { to: component })).to.have.all.keys("desc", "prompt");
    const found = await romeo.ask("gateway", { to: component, number: "(202) 555-0112" });
    expect(found).to.deep.equal({ jid: jids.juliet });
    const missed = romeo.ask("gateway", { to: component, number: "+12025550199" });
    expect((await refusal(missed)).condition).to.equal("item-not-found");
  });

  it("sees nothing of who was not asked", async () => {
    await juliet.ask("introduce", { name: "Juliet", picture: "a picture" });
    const asked = romeo.ask("profile", { jid: jids.juliet });
    expect((await refusal(asked)).condition).to.equal("item-not-found");
    expect(romeo.presences.filter(({ from }) => from.startsWith(jids.juliet))).to.deep.equal([]);
  });

  it("subscribes in both directions and sees presence with caps that disco answers", async () => {
    for (const [asker, asked, askerJid, askedJid] of [
      [romeo, juliet, jids.romeo, jids.juliet],
      [juliet, romeo, jids.juliet, jids.romeo],
    ] as const) {
      await asker.ask("presence", { type: "subscribe", to: askedJid });
      const isRequest = ({ type }: { type: string }): boolean => type === "subscribe";
      if (asker === romeo) await asked.sees("the request", askerJid, isRequest);
      await asked.ask("presence", { type: "subscribed", to: askerJid });
      await asker.sees("the approval", askedJid, ({ type }) => type === "subscribed");
      const seen = await asker.sees("that one is there", askedJid, ({ type }) => type === "available");
      expect(seen.from).not.to.include("secret");
      expect(seen.caps).to.be.a("string");
      const features = await asker.ask<string[]>("features", { jid: seen.from });
      expect(features).to.include.members(["urn:xmpp:receipts", "urn:xmpp:jingle-message:0"]);
    }
  });

  it("sees a contact's status as it changes, and that the contact has gone and is back", async () => {
    await juliet.ask("presence", { status: "on the balcony" });
    const seen = await romeo.sees("the status", jids.juliet, ({ status }) => status === "on the balcony");
    await juliet.ask("presence", { type: "unavailable" });
    const gone = await romeo.sees("that one is gone", jids.juliet, ({ type }) => type === "unavailable");
    expect(gone.from).to.equal(seen.from);
    await juliet.ask("presence", { status: "back" });
    await romeo.sees("that one is back", jids.juliet, ({ status }) => status === "back");
    expect(JSON.stringify(romeo.heard)).not.to.include("opaque-juliet");
  });

  it("reads a contact's name and picture at the number (XEP-0054, XEP-0084, XEP-0172)", async () => {
    expect(await romeo.ask("profile", { jid: jids.juliet })).to.deep.equal({
      vcard: "Juliet",
      nick: "Juliet",
      picture: "a picture",
    });
  });

  it("finds somebody by number in a search, and nobody by another (XEP-0055)", async () => {
    const search = (phone: string): Promise<Record<string, string>[]> =>
      romeo.ask("search", { to: jids.component, values: { phone } });
    const [found, ...others] = await search("(202) 555-0112");
    expect(others).to.deep.equal([]);
    expect(Object.values(found ?? {})).to.include(jids.juliet);
    expect(await search("+12025550199")).to.deep.equal([]);
  });

  it("sees since when a contact has been idle, and when it was last seen (XEP-0319, XEP-0012)", async () => {
    const since = new Date(Date.now() - 600_000).toISOString().replace("Z", "+00:00");
    await juliet.ask("idle", { since });
    const idle = await romeo.sees("that one is idle", jids.juliet, ({ idleSince }) => idleSince !== null);
    expect(Date.parse(idle.idleSince ?? "")).to.be.closeTo(Date.parse(since), 1_000);
    expect(await romeo.ask("last_seen", { jid: jids.juliet })).to.be.within(0, 60);
    const stranger = await SlixmppApp.online(await world().appPerson("+12025550113"));
    await refusal(stranger.ask("last_seen", { jid: jids.juliet }));
    await stranger.kill();
  });

  it("sees at once when a contact was last there, not when it came (XEP-0012)", async () => {
    await juliet.ask("presence", { status: "about to go" });
    await romeo.sees("that one is there", jids.juliet, ({ status }) => status === "about to go");
    aheadMs += AN_HOUR_MS;
    await juliet.ask("presence", { type: "unavailable" });
    await juliet.ask("ping", { to: jids.component });
    const seconds = await romeo.ask<number>("last_seen", { jid: jids.juliet });
    await juliet.ask("presence", { status: "back again" });
    await romeo.sees("that one is back", jids.juliet, ({ status }) => status === "back again");
    expect(seconds).to.be.within(0, 60);
  });

  it("rings at a contact, whose answer comes to the app that called (XEP-0353)", async () => {
    await romeo.ask("call", { kind: "propose", to: jids.juliet, id: "call-1" });
    const ringing = await juliet.message("it rings", ({ calls }) => calls["propose"] === "call-1");
    expect(ringing.from.split("/")[0]).to.equal(jids.romeo);
    expect(ringing.from).not.to.include("secret");
    await juliet.ask("call", { kind: "proceed", to: ringing.from, id: "call-1" });
    const taken = await romeo.message("it is taken", ({ calls }) => calls["proceed"] === "call-1");
    expect(taken.from.split("/")[0]).to.equal(jids.juliet);
    const rung = juliet.messages.filter(({ calls }) => "propose" in calls);
    expect(rung).to.have.lengthOf(1);
    Object.assign(ends, { caller: ringing.from, callee: taken.from });
  });

  it("negotiates a call's session between the two apps, each known by its number (XEP-0166)", async () => {
    const { caller, callee } = ends;
    const session = (who: SlixmppApp, to: string, step: Record<string, string>): Promise<unknown> =>
      who.ask("session", { to, sid: "call-1", ...step });
    await session(romeo, callee, { action: "session-initiate", initiator: romeo.jid, media: "audio" });
    const offered = await juliet.session("call-1", "session-initiate");
    expect(offered).to.include({ from: caller, initiator: caller });
    expect(offered.media).to.deep.equal(["audio"]);
    const accept = { action: "session-accept", initiator: caller, responder: juliet.jid, media: "audio" };
    await session(juliet, caller, accept);
    const accepted = await romeo.session("call-1", "session-accept");
    expect(accepted).to.include({ from: callee, initiator: romeo.jid, responder: callee });
    await session(romeo, callee, { action: "transport-info", candidate: "192.0.2.3" });
    expect((await juliet.session("call-1", "transport-info")).candidates).to.deep.equal(["192.0.2.3"]);
    await session(juliet, caller, { action: "session-terminate", reason: "success" });
    expect(await romeo.session("call-1", "session-terminate")).to.include({
      from: callee,
      reason: "success",
    });
    expect(JSON.stringify(romeo.sessions)).not.to.include("balcony").and.not.to.include("opaque-juliet");
    expect(JSON.stringify(juliet.sessions)).not.to.include("orchard").and.not.to.include("opaque-romeo");
  });

  it("refuses a call, and is told why a session is refused, without the other app's words", async () => {
    const { caller, callee } = ends;
    await romeo.ask("call", { kind: "propose", to: jids.juliet, id: "call-3" });
    await juliet.message("it rings", ({ calls }) => calls["propose"] === "call-3");
    await juliet.ask("call", { kind: "reject", to: caller, id: "call-3" });
    const rejected = await romeo.message("the answer", ({ calls }) => calls["reject"] === "call-3");
    expect(rejected.from).to.equal(callee);
    const unknown = romeo.ask("session", { to: callee, sid: "call-3", action: "session-info" });
    const { condition, applications, message } = await refusal(unknown);
    expect({ condition, applications }).to.deep.equal({
      condition: "item-not-found",
      applications: ["unknown-session"],
    });
    expect(message).not.to.include("balcony").and.not.to.include("opaque-juliet");
    const madeUp = { to: `${jids.juliet}/secret-balcony`, sid: "call-3", action: "session-initiate" };
    expect((await refusal(romeo.ask("session", madeUp))).condition).to.equal("service-unavailable");
    await juliet.ask("ping", { to: jids.component });
    expect(juliet.sessions.filter(({ sid }) => sid === "call-3")).to.deep.equal([]);
  });

  it("is asked by a contact for nothing but calls and pings: no command, roster, archive, version or file", async () => {
    const { callee } = ends;
    await romeo.ask("ping", { to: callee });
    const refused: readonly (readonly [what: string, args: Record<string, unknown>])[] = [
      ["command", { node: "http://jabber.org/protocol/admin#delete-user" }],
      ["request", { type: "get", payload: "<query xmlns='jabber:iq:roster'/>" }],
      ["request", { type: "get", payload: "<query xmlns='jabber:iq:version'/>" }],
      ["request", { type: "get", payload: "<query xmlns='jabber:iq:private'><storage xmlns='a'/></query>" }],
      ["request", { type: "set", payload: "<query xmlns='urn:xmpp:mam:2'/>" }],
      ["request", { type: "set", payload: "<open xmlns='http://jabber.org/protocol/ibb' sid='1'/>" }],
      ["request", { type: "set", payload: "<si xmlns='http://jabber.org/protocol/si' id='1'/>" }],
    ];
    for (const [what, args] of refused)
      for (const to of [callee, jids.juliet]) {
        const { condition } = await refusal(romeo.ask(what, { to, ...args }));
        expect(condition, `${JSON.stringify(args)} to ${to}`).to.equal("service-unavailable");
      }
    await juliet.ask("ping", { to: jids.component });
    const asked = juliet.requests.filter(({ from }) => from.startsWith(jids.romeo));
    expect([...new Set(asked.map(({ payload }) => payload))]).to.have.members([
      "{urn:xmpp:jingle:1}jingle",
      "{urn:xmpp:ping}ping",
    ]);
  });

  it("blocks a number at the component and hears nothing of it until the block ends (XEP-0191)", async () => {
    const { component } = jids;
    await juliet.ask("block", { to: component, jids: [jids.romeo] });
    expect(await juliet.ask("blocked", { to: component })).to.deep.equal([jids.romeo]);
    const id = await romeo.say(jids.juliet, "unheard");
    await romeo.ask("call", { kind: "propose", to: jids.juliet, id: "call-2" });
    // What one app writes is taken in order: when the last is refused, the first has been taken
    const last = await romeo.say(`+12025550199@${component}`, "to nobody");
    const refused = await romeo.message("the refusal", (one) => one.id === last && one.type === "error");
    expect(refused.condition).to.equal("item-not-found");
    await juliet.ask("block", { to: component, jids: [jids.romeo], is_blocked: false });
    expect(await juliet.ask("blocked", { to: component })).to.deep.equal([]);
    const heard = await romeo.say(jids.juliet, "heard");
    await juliet.hears("heard");
    expect(juliet.texts).to.deep.equal(["heard"]);
    expect(juliet.messages.filter(({ calls }) => calls["propose"] === "call-2")).to.deep.equal([]);
    await romeo.message("the tick", ({ receipt }) => receipt === heard);
    expect(romeo.messages.filter(({ receipt, ...one }) => receipt === id || one.id === id)).to.deep.equal([]);
  });

  it("blocks a number on the host, which is then not told that what it writes has arrived (XEP-0191)", async () => {
    await juliet.ask("block", { jids: [jids.romeo] });
    const gone = await romeo.sees("that one is gone", jids.juliet, ({ type }) => type === "unavailable");
    expect(gone.from).not.to.include("secret");
    const id = await romeo.say(jids.juliet, "dropped");
    const last = await romeo.say(`+12025550199@${jids.component}`, "to nobody");
    await romeo.message("the refusal", (one) => one.id === last && one.type === "error");
    expect(romeo.messages.filter(({ receipt, ...one }) => receipt === id || one.id === id)).to.deep.equal([]);
    expect(juliet.texts).not.to.include("dropped");
  });
});
