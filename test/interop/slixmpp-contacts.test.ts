import { expect } from "chai";
import { SETTLE_MS } from "../../component/contacts/presenter.js";
import { systemClock } from "../../src/clock.js";
import { addAccount } from "../support/prosody.js";
import type { DeviceCredentials } from "../support/raw-device.js";
import { PASSWORD, useWorld } from "../support/world.js";
import { Refused, requireSlixmpp, SlixmppApp } from "./slixmpp/app.js";

const LINK = "urn:twotick:link";

interface Command {
  readonly session: string;
  readonly status: string;
  readonly actions: readonly string[];
  readonly fields: readonly string[];
  readonly notes: readonly string[];
}

interface Registration {
  readonly isRegistered: boolean;
  readonly fields: readonly string[];
  readonly values: Readonly<Record<string, string>>;
}

const jidOf = ({ number, numberDomain }: DeviceCredentials): string => `${number}@${numberDomain}`;

async function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error: unknown) => {
      if (error instanceof Refused) return error.condition;
      throw error;
    },
  );
}

describe("slixmpp, as an ordinary app that signs up", function () {
  this.timeout(60_000);
  const world = useWorld({
    config: { signUp: { testNumbers: { "+15551237101": "000001", "+15551237102": "000002" } } },
  });
  const open: SlixmppApp[] = [];
  const newcomer = async (username: string): Promise<SlixmppApp> => {
    const { prosody } = world();
    await addAccount(prosody, username, PASSWORD);
    const account = { service: prosody.service, domain: prosody.host, username, password: PASSWORD };
    const one = await SlixmppApp.online(account);
    open.push(one);
    return one;
  };
  before(() => requireSlixmpp());
  after(() => Promise.all(open.map((one) => one.kill())));

  it("links a number by a command of two steps, and can go by it at once (XEP-0050)", async () => {
    const to = world().prosody.componentDomain;
    const romeo = await newcomer("romeo");
    expect(await romeo.ask("commands", { to })).to.include(LINK);
    const first = await romeo.ask<Command>("command", { to, node: LINK });
    expect(first.status).to.equal("executing");
    expect(first.actions).to.include("next");
    expect(first.fields).to.include("number");
    const step = { to, node: LINK, session: first.session };
    const second = await romeo.ask<Command>("command", {
      ...step,
      action: "next",
      values: { number: "+1 555 123 7101" },
    });
    expect(second).to.include({ status: "executing", session: first.session });
    expect(second.fields).to.include("code");
    const last = await romeo.ask<Command>("command", {
      ...step,
      action: "complete",
      values: { code: "000001" },
    });
    expect(last.status).to.equal("completed");
    expect(last.notes.join()).to.include("+15551237101 belongs to this account now");
    const nurse = await SlixmppApp.online(await world().appPerson("+15551237103"));
    open.push(nurse);
    await nurse.say(`+15551237101@${to}`, "Anon");
    expect((await romeo.hears("Anon")).from.split("/")[0]).to.equal(`+15551237103@${to}`);
  });

  it("registers a number with plain fields, and gives it up (XEP-0077)", async () => {
    const to = world().prosody.componentDomain;
    const juliet = await newcomer("juliet");
    const asked = await juliet.ask<Registration>("registration", { to });
    expect(asked).to.deep.include({ isRegistered: false, fields: ["phone"] });
    await juliet.ask("register", { to, fields: { phone: "+15551237102" } });
    expect((await juliet.ask<Registration>("registration", { to })).fields).to.include("password");
    await juliet.ask("register", { to, fields: { password: "000002" } });
    const registered = await juliet.ask<Registration>("registration", { to });
    expect(registered).to.deep.include({ isRegistered: true, values: { phone: "+15551237102" } });
    await juliet.ask("unregister", { to });
    expect((await juliet.ask<Registration>("registration", { to })).isRegistered).to.equal(false);
  });
});

describe("slixmpp, as an ordinary app with numbers for contacts", function () {
  this.timeout(60_000);
  let aheadMs = 0;
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
  const world = useWorld({ clock });
  const jids = { romeo: "", juliet: "", component: "" };
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
    expect(await refusal(missed)).to.equal("item-not-found");
  });

  it("sees nothing of who was not asked", async () => {
    await juliet.ask("introduce", { name: "Juliet", picture: "a picture" });
    expect(await refusal(romeo.ask("profile", { jid: jids.juliet }))).to.equal("item-not-found");
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
    expect(await refusal(stranger.ask("last_seen", { jid: jids.juliet }))).not.to.equal("none");
    await stranger.kill();
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
