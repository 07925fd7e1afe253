import { appendFileSync } from "node:fs";
import { expect } from "chai";
import { federate, loopbackDomain } from "../abuse/federation.js";
import { addAccount, temporaryProsody, type TemporaryProsody } from "../support/prosody.js";
import { PASSWORD, useWorld } from "../support/world.js";
import { refusal, requireSlixmpp, SlixmppApp } from "./slixmpp/app.js";

const HOST = loopbackDomain();
const NUMBER_DOMAIN = loopbackDomain();
/** Of the server elsewhere: one that the administrator lets in, and one that nobody has let in. */
const FRIENDLY = loopbackDomain();
const STRANGE = loopbackDomain();
const NOBODY = `+15559999999@${NUMBER_DOMAIN}`;
const STRANGERS = "urn:twotick:strangers";
const KEYS =
  "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='eu.siacs.conversations.axolotl.devicelist'/></pubsub>";

describe("slixmpp, as the app of somebody on another server", function () {
  this.timeout(60_000);
  const world = useWorld({
    prosody: { host: HOST, componentDomain: NUMBER_DOMAIN },
    config: { federation: { allowed: true, domains: [FRIENDLY] } },
  });
  const juliets = `+15551237301@${NUMBER_DOMAIN}`;
  const open: SlixmppApp[] = [];
  let elsewhere: TemporaryProsody;
  let juliet: SlixmppApp;
  const visitor = async (username: string, domain: string): Promise<SlixmppApp> => {
    const { dataDir, service } = elsewhere.prosody;
    await addAccount({ dataDir, host: domain }, username, PASSWORD);
    const one = await SlixmppApp.online({ service, domain, username, password: PASSWORD });
    open.push(one);
    return one;
  };
  before(async () => {
    requireSlixmpp();
    await world().stopComponent();
    await federate(world().prosody, HOST, NUMBER_DOMAIN);
    await world().startComponent();
    elsewhere = await temporaryProsody({ host: FRIENDLY, componentDomain: "unused.example.net" });
    appendFileSync(elsewhere.prosody.configPath, `\nVirtualHost "${STRANGE}"\n`);
    await federate(elsewhere.prosody, FRIENDLY, STRANGE);
    juliet = await SlixmppApp.online(await world().appPerson("+15551237301", "opaque-juliet"));
    open.push(juliet);
    const welcome = { node: STRANGERS, action: "complete", values: { welcome: "1" } };
    await juliet.ask("command", { to: NUMBER_DOMAIN, ...welcome });
    await juliet.ask("introduce", { name: "Juliet", picture: "a picture" });
  });
  after(async () => {
    await Promise.all(open.map((one) => one.kill()));
    await elsewhere?.remove();
  });

  const heardOf = (who: SlixmppApp): string[] =>
    who.heard.flatMap((one) => (one.from.includes(STRANGE) ? [one.event] : []));

  it("is refused everything where its server is not let in, whether a number is somebody's or not", async () => {
    const tybalt = await visitor("tybalt", STRANGE);
    const asked: Record<string, readonly [what: string, args: Record<string, unknown>]> = {
      keys: ["request", { type: "get", payload: KEYS }],
      vcard: ["request", { type: "get", payload: "<vCard xmlns='vcard-temp'/>" }],
      call: ["session", { sid: "call", action: "session-initiate" }],
      ping: ["ping", {}],
    };
    const answers = async (to: string): Promise<Record<string, string | undefined>> => {
      await tybalt.ask("presence", { type: "subscribe", to });
      const id = await tybalt.say(to, "Have at thee");
      const refused = await tybalt.message("the refusal", (one) => one.id === id && one.type === "error");
      const conditions: Record<string, string | undefined> = { message: refused.condition };
      for (const [name, [what, args]] of Object.entries(asked))
        conditions[name] = (await refusal(tybalt.ask(what, { to, ...args }))).condition;
      return conditions;
    };
    const forbidden = Object.fromEntries(
      ["message", ...Object.keys(asked)].map((name) => [name, "forbidden"]),
    );
    expect(await answers(juliets)).to.deep.equal(forbidden);
    expect(await answers(NOBODY)).to.deep.equal(forbidden);
    await juliet.ask("ping", { to: NUMBER_DOMAIN });
    expect(heardOf(juliet)).to.deep.equal([]);
    expect(juliet.texts).to.deep.equal([]);
  });

  it("looks nobody up, signs nobody up and runs no command, let in or not", async () => {
    for (const domain of [STRANGE, FRIENDLY]) {
      const paris = await visitor("paris", domain);
      const to = NUMBER_DOMAIN;
      for (const [what, args] of [
        ["gateway", { number: "+15551237301" }],
        ["search", { values: { phone: "+15551237301" } }],
        ["phone_book", { numbers: ["+15551237301"] }],
        ["command", { node: "urn:twotick:link" }],
        ["command", { node: "urn:twotick:find" }],
        ["register", { fields: { phone: "+15551237302" } }],
      ] as const)
        expect((await refusal(paris.ask(what, { to, ...args }))).condition, what).to.equal("forbidden");
      const id = await paris.say(to, "register +15551237302");
      const refused = await paris.message("the refusal", (one) => one.id === id && one.type === "error");
      expect(refused.condition).to.equal("forbidden");
      expect(await paris.ask("commands", { to })).to.deep.equal([]);
    }
  });

  it("is heard under an address of its own by who lets it, and answered from the number", async () => {
    const benvolio = await visitor("benvolio", FRIENDLY);
    await benvolio.say(juliets, "Part, fools");
    const { from } = await juliet.hears("Part, fools");
    const alias = `benvolio\\40${FRIENDLY}@${NUMBER_DOMAIN}`;
    expect(from.split("/")[0]).to.equal(alias);
    const id = await juliet.say(alias, "Put up your swords");
    const answer = await benvolio.hears("Put up your swords");
    expect(answer).to.include({ from: juliets, id });
    await juliet.message("the receipt", ({ receipt }) => receipt === id);
    expect(JSON.stringify(benvolio.heard)).not.to.include("opaque-juliet");
  });
});
