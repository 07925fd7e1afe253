import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "chai";
import type { DeviceCredentials } from "../support/raw-device.js";
import { useWorld, type World } from "../support/world.js";
import { requireSlixmpp, SlixmppApp } from "./slixmpp/app.js";
import type { HeardMessage } from "./slixmpp/heard.js";

/** Restarts the world's Prosody with an archive of every message, as Debian's configuration has it. */
async function keepArchive(world: World): Promise<void> {
  const { configPath } = world.prosody;
  const text = readFileSync(configPath, "utf8").replace(
    "modules_enabled = {",
    'modules_enabled = {\n\t"mam";',
  );
  writeFileSync(configPath, `default_archive_policy = true\n${text}`, { mode: 0o600 });
  await world.stopComponent();
  await world.prosody.restart();
  await world.startComponent();
}

const textsOf = (messages: readonly HeardMessage[]): string[] => messages.flatMap(({ body }) => body ?? []);

describe("slixmpp, as an ordinary app of a host that keeps an archive (XEP-0313)", function () {
  this.timeout(60_000);
  const world = useWorld();
  const open: SlixmppApp[] = [];
  const app = async (credentials: DeviceCredentials, resource?: string): Promise<SlixmppApp> => {
    const one = await SlixmppApp.online(credentials, resource === undefined ? {} : { resource });
    open.push(one);
    return one;
  };
  const archived = (one: SlixmppApp): Promise<HeardMessage[]> => one.ask("archived");
  let romeo: SlixmppApp;
  let person: DeviceCredentials;
  let to = "";
  before(async () => {
    requireSlixmpp();
    await keepArchive(world());
    romeo = await app(await world().appPerson("+15551237201"));
    person = await world().appPerson("+15551237202");
    to = `${person.number}@${person.numberDomain}`;
  });
  after(() => Promise.all(open.map((one) => one.kill())));

  it("gets what it missed from the component, once, although the archive took it without a bounce", async () => {
    const away = await app(person);
    await romeo.say(to, "there");
    await away.hears("there");
    await away.close();
    const ids = [await romeo.say(to, "missed"), await romeo.say(to, "missed too")];
    await romeo.ask("ping", { to: person.numberDomain });
    const back = await app(person);
    await back.hears("missed too");
    for (const id of ids) await romeo.message("the receipt", ({ receipt }) => receipt === id);
    await romeo.say(to, "here again");
    await back.hears("here again");
    expect(back.texts).to.deep.equal(["missed", "missed too", "here again"]);
    await back.close();
  });

  it("finds each message in the archive once, on either side, under the id by which it came", async () => {
    const juliet = await app(person);
    const all = ["there", "missed", "missed too", "here again"];
    const [sent, received] = [await archived(romeo), await archived(juliet)];
    expect(textsOf(sent)).to.deep.equal(all);
    expect(textsOf(received)).to.deep.equal(all);
    const ids = (messages: readonly HeardMessage[]): string[] =>
      messages.filter(({ body }) => body !== undefined).map(({ id }) => id);
    expect(ids(received)).to.deep.equal(ids(sent));
    await juliet.close();
  });

  it("has nothing doubled in the archive by a second app of the account", async () => {
    const [phone, tablet] = [await app(person), await app(person, "tablet")];
    await romeo.say(to, "to both");
    await Promise.all([phone.hears("to both"), tablet.hears("to both")]);
    await romeo.say(to, "the end");
    for (const one of [phone, tablet]) await one.hears("the end");
    expect(phone.texts).to.deep.equal(["to both", "the end"]);
    expect(textsOf(await archived(phone)).slice(4)).to.deep.equal(["to both", "the end"]);
    await Promise.all([phone.close(), tablet.close()]);
  });

  it("has in the archive once what is encrypted and has no body, although two apps get it", async () => {
    const [phone, tablet] = [await app(person), await app(person, "tablet")];
    const id = await romeo.ask<string>("seal", { to });
    await Promise.all([phone, tablet].map((one) => one.message("it", (message) => message.id === id)));
    await romeo.say(to, "after it");
    for (const one of [phone, tablet]) await one.hears("after it");
    const copies = (await archived(phone)).filter((message) => message.id === id);
    expect(copies.map(({ body }) => body)).to.deep.equal([undefined]);
    await Promise.all([phone.close(), tablet.close()]);
  });

  it("is sent again what it gave no receipt for, which the archive has once", async () => {
    const silent = await SlixmppApp.online(person, { receipts: "announced" });
    open.push(silent);
    const id = await romeo.say(to, "no receipt");
    await silent.hears("no receipt");
    await silent.kill();
    const back = await app(person);
    expect((await back.hears("no receipt")).id).to.equal(id);
    await romeo.message("the receipt", ({ receipt }) => receipt === id);
    const copies = textsOf(await archived(back)).filter((text) => text === "no receipt");
    expect(copies).to.have.lengthOf(1);
    await back.close();
  });
});
