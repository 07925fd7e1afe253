import { expect } from "chai";
import { createHash } from "node:crypto";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";
import { requireSlixmpp, SlixmppApp } from "./slixmpp/app.js";

const PRIVACY = "urn:twotick:privacy";

/** What XEP-0084 §4.1 calls a picture. */
const idOf = (picture: string): string => createHash("sha1").update(picture).digest("hex");

describe("slixmpp, as an app that is told of names and pictures by its caps (XEP-0163)", function () {
  this.timeout(60_000);
  const world = useWorld();
  const jids = { romeo: "", nurse: "", juliet: "", host: "", component: "" };
  let romeo: SlixmppApp;
  let nurse: SlixmppApp;
  let juliet: SlixmppApp;
  before(async () => {
    requireSlixmpp();
    const { host, componentDomain } = world().prosody;
    Object.assign(jids, { host, component: componentDomain });
    const online = async (name: "romeo" | "nurse" | "juliet", number: string): Promise<SlixmppApp> => {
      jids[name] = `${number}@${componentDomain}`;
      return SlixmppApp.online(await world().appPerson(number, `opaque-${name}`));
    };
    romeo = await online("romeo", "+12025550121");
    nurse = await online("nurse", "+12025550122");
    juliet = await online("juliet", "+12025550123");
  });
  after(() => Promise.all([romeo, nurse, juliet].map((one) => one?.kill())));

  const picturesToldTo = (who: SlixmppApp): string[] => who.profiles.flatMap(({ pictures = [] }) => pictures);
  const showsProfileTo = (profile: string): Promise<unknown> =>
    juliet.ask("command", { to: jids.component, node: PRIVACY, action: "complete", values: { profile } });

  it("gets the name and the picture of a number that shows them, as they are and at each change", async () => {
    await showsProfileTo("everyone");
    await juliet.ask("introduce", { name: "Juliet", picture: "a rose" });
    await romeo.ask("presence", { to: jids.juliet });
    const told = await romeo.knows(jids.juliet, "Juliet");
    expect(told).to.deep.equal({ event: "profile", from: jids.juliet, type: "headline", nick: "Juliet" });
    await juliet.ask("introduce", { name: "Jule", picture: "a lark" });
    await romeo.knows(jids.juliet, "Jule");
    await until("the new picture", () => picturesToldTo(romeo).includes(idOf("a lark")), 20_000);
    expect(picturesToldTo(romeo)).to.deep.equal([idOf("a rose"), idOf("a lark")]);
    expect(JSON.stringify(romeo.heard)).not.to.include("opaque-juliet");
  });

  it("gets nothing where the person's settings forbid it, while a contact does", async () => {
    await juliet.ask("presence", { type: "subscribe", to: jids.nurse });
    await nurse.sees("the request", jids.juliet, ({ type }) => type === "subscribe");
    await nurse.ask("presence", { type: "subscribed", to: jids.juliet });
    await nurse.knows(jids.juliet, "Jule");
    await showsProfileTo("contacts");
    const before = romeo.profiles.length;
    await juliet.ask("introduce", { name: "Julia", picture: "a nightingale" });
    await nurse.knows(jids.juliet, "Julia");
    await until("the new picture", () => picturesToldTo(nurse).includes(idOf("a nightingale")), 20_000);
    // Who showed itself first is told first: what Romeo were told would be on its way before what the nurse was,
    // and before the answer to what is asked after it
    await romeo.ask("ping", { to: jids.host });
    expect(romeo.profiles.slice(before)).to.deep.equal([]);
  });

  it("gets at once what it missed when the person shows more again", async () => {
    await showsProfileTo("everyone");
    await romeo.knows(jids.juliet, "Julia");
    await until("the picture", () => picturesToldTo(romeo).includes(idOf("a nightingale")), 20_000);
    expect(picturesToldTo(romeo)).to.deep.equal(["a rose", "a lark", "a nightingale"].map(idOf));
  });
});
