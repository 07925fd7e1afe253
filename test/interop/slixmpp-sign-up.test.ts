import { createHash } from "node:crypto";
import { expect } from "chai";
import { addAccount } from "../support/prosody.js";
import { until } from "../support/until.js";
import { PASSWORD, useWorld } from "../support/world.js";
import { requireSlixmpp, SlixmppApp, type SlixmppOptions } from "./slixmpp/app.js";
import type { HeardMessage } from "./slixmpp/heard.js";

const LINK = "urn:twotick:link";
const FIND = "urn:twotick:find";
const NURSE = "+15551237103";
const FRIAR = "+15551237107";
const LATECOMER = "+15551237105";
const CODES = {
  "+15551237101": "000001",
  "+15551237102": "000002",
  "+15551237104": "000004",
  [LATECOMER]: "000005",
};

interface Command {
  readonly session: string;
  readonly status: string;
  readonly actions: readonly string[];
  readonly fields: readonly string[];
  readonly values: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

interface Registration {
  readonly isRegistered: boolean;
  readonly fields: readonly string[];
  readonly values: Readonly<Record<string, string>>;
}

/** What the phone book's answer is called, by the way that Quicksy's apps compute it: SHA-1 of its entries. */
function versionOf(entries: Readonly<Record<string, string>>): string {
  const lines = Object.entries(entries).map(([number, jid]) => `${number}\u001e${jid}`);
  return createHash("sha1").update(lines.sort().join("\u001d")).digest("base64");
}

describe("slixmpp, as an ordinary app that signs up", function () {
  this.timeout(60_000);
  const world = useWorld({ config: { signUp: { testNumbers: CODES } } });
  const open: SlixmppApp[] = [];
  let nurse: SlixmppApp;
  let to = "";
  const logIn = async (username: string, options?: SlixmppOptions): Promise<SlixmppApp> => {
    const { service, host: domain } = world().prosody;
    const one = await SlixmppApp.online({ service, domain, username, password: PASSWORD }, options);
    open.push(one);
    return one;
  };
  const newcomer = async (username: string): Promise<SlixmppApp> => {
    await addAccount(world().prosody, username, PASSWORD);
    return logIn(username);
  };
  /** What the component's chat answers. */
  const toldBy = (one: SlixmppApp, words: string): Promise<HeardMessage> =>
    one.message(`"${words}"`, ({ from, body = "" }) => from === to && body.includes(words));
  before(async () => {
    requireSlixmpp();
    to = world().prosody.componentDomain;
    await world().appPerson(NURSE, "nurse");
    await world().appPerson(FRIAR, "friar");
    nurse = await logIn("nurse");
  });
  after(() => Promise.all(open.map((one) => one.kill())));

  it("links a number by a command of two steps, and can go by it at once (XEP-0050)", async () => {
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
    await nurse.say(`+15551237101@${to}`, "Anon");
    expect((await romeo.hears("Anon")).from.split("/")[0]).to.equal(`${NURSE}@${to}`);
  });

  it("registers a number with plain fields, and gives it up (XEP-0077)", async () => {
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

  it("signs up in words, finds somebody in words, and writes to the address that it was told", async () => {
    const benvolio = await newcomer("benvolio");
    const asked = await benvolio.say(to, "register +1 555 123 7104");
    await toldBy(benvolio, "A code is on its way to +15551237104");
    await benvolio.message("that it was read", ({ receipt }) => receipt === asked);
    await benvolio.say(to, "000004");
    await toldBy(benvolio, `People reach you at +15551237104@${to}`);
    await benvolio.say(to, "find +1 555 123 7199");
    await toldBy(benvolio, "+15551237199 is not here");
    await benvolio.say(to, "find (555) 123-7103");
    const { body = "" } = await toldBy(benvolio, "is here");
    const [address = ""] = /\S+@\S+/.exec(body) ?? [];
    await benvolio.say(address, "in words");
    expect((await nurse.hears("in words")).from.split("/")[0]).to.equal(`+15551237104@${to}`);
  });

  it("finds somebody by a command, which answers a form with the address (XEP-0050)", async () => {
    expect(await nurse.ask("commands", { to })).to.include(FIND);
    const find = async (number: string): Promise<Command> => {
      const { session, fields } = await nurse.ask<Command>("command", { to, node: FIND });
      expect(fields).to.deep.equal(["number"]);
      const step = { to, node: FIND, session, action: "complete" };
      return nurse.ask<Command>("command", { ...step, values: { number } });
    };
    const found = await find("(555) 123-7107");
    expect(found).to.deep.include({ status: "completed" });
    expect(found.values).to.include({ number: FRIAR, jid: `${FRIAR}@${to}` });
    const missed = await find("+15551237199");
    expect(missed).to.deep.include({ status: "completed", notes: ["+15551237199 is not here."] });
    expect(missed.values).not.to.have.property("jid");
  });

  it("sends a whole phone book and learns who of it is here, once (im.quicksy.synchronization:0)", async () => {
    const numbers = [LATECOMER, FRIAR, NURSE, "+15551237199"];
    const found = await nurse.ask<Record<string, string>>("phone_book", { to, numbers });
    expect(found).to.deep.equal({ [NURSE]: `${NURSE}@${to}`, [FRIAR]: `${FRIAR}@${to}` });
    const known = { to, numbers, ver: versionOf(found) };
    expect(await nurse.ask("phone_book", known)).to.equal(null);
    expect(await nurse.ask("phone_book", { ...known, ver: "another" })).to.deep.equal(found);
  });

  it("is told of people in its phone book, and of who signs up later, if it takes suggestions (XEP-0144)", async () => {
    await world().appPerson("+15551237106", "mercutio");
    const phone = await logIn("mercutio", { takesSuggestions: true });
    const tablet = await logIn("mercutio", { resource: "tablet" });
    const suggested = (): string[] => phone.suggestions.flatMap(({ jids }) => jids);
    await tablet.ask("phone_book", { to, numbers: [NURSE, LATECOMER] });
    await until("the suggestion", () => suggested().includes(`${NURSE}@${to}`), 15_000);
    const peter = await newcomer("peter");
    await peter.say(to, `register ${LATECOMER}`);
    await toldBy(peter, "A code is on its way");
    await peter.say(to, "000005");
    await until("the suggestion", () => suggested().includes(`${LATECOMER}@${to}`), 15_000);
    await tablet.ask("ping", { to });
    expect(suggested()).to.deep.equal([NURSE, LATECOMER].map((number) => `${number}@${to}`));
    expect(phone.suggestions.map(({ from }) => from)).to.deep.equal([to, to]);
    expect(tablet.suggestions).to.deep.equal([]);
  });
});
