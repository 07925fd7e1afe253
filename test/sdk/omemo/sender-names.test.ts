import { expect } from "chai";
import { Jid } from "../../../src/jid.js";
import type { OmemoContext } from "../../../sdk/omemo/context.js";
import type { Sealed } from "../../../sdk/omemo/mod.js";
import type { Fingerprint } from "../../../sdk/omemo/port.js";
import { keepName, mayBeNamed, type NamedSender } from "../../../sdk/omemo/opening/sender-names.js";
import { openMemoryStorage } from "../../../sdk/storage/memory.js";
import type { Storage } from "../../../sdk/storage/port.js";
import { messageOf, open, JULIET, ROMEO, send, textOf, World, type Device } from "./world.js";

const ACCOUNT = Jid.parse("account-of-15551230001@example.org");
const MERCUTIO = Jid.parse("+15551230003@phone.example.org");

/** A device that knows of no number of its own, as an ordinary app of Juliet's. */
async function appOf(world: World, account = ACCOUNT): Promise<Device> {
  const app = await world.device(account, 71, { account: account.bare });
  world.server.link(JULIET.bare, account.bare);
  return app;
}

/** The same message as it would come under another number. */
function openedAs(at: Device, from: Jid, sealed: Pick<Sealed, "payload">): string {
  return textOf(open(at, from, sealed));
}

describe("an app that calls itself by its account inside OMEMO 2", () => {
  let world: World;
  let app: Device;
  let romeo: Device;
  beforeEach(async () => {
    world = new World(["2"]);
    app = await appOf(world);
    romeo = await world.device(ROMEO, 72);
  });

  it("is read under its number, first and later", async () => {
    expect(openedAs(romeo, JULIET, await send(app, ROMEO, "one"))).equal("one");
    expect(openedAs(romeo, JULIET, await send(app, ROMEO, "two"))).equal("two");
  });

  it("finds its key under its number, and reads what comes from a number", async () => {
    const sealed = await send(romeo, JULIET, "My ears have not yet drunk");
    const keys = messageOf(sealed).getChild("encrypted")?.getChild("header")?.getChildren("keys") ?? [];
    expect(keys.map(({ attrs }) => attrs["jid"])).to.include(JULIET.bare);
    // As an app reads it: it knows its account alone, under which the service names it
    const named = { payload: sealed.payload.replaceAll(JULIET.bare, ACCOUNT.bare) };
    const opened = app.storage.transaction((transaction) =>
      app.omemo.open(transaction, { from: ROMEO, to: JULIET, at: app.clock.now() }, messageOf(named)),
    );
    expect(textOf(opened)).equal("My ears have not yet drunk");
  });

  it("cannot be passed off as another number, once it is known", async () => {
    expect(openedAs(romeo, JULIET, await send(app, ROMEO, "one"))).equal("one");
    expect(openedAs(romeo, MERCUTIO, await send(app, ROMEO, "two"))).to.match(/^!/);
    expect(openedAs(romeo, JULIET, await send(app, ROMEO, "three"))).equal("three");
  });

  it("cannot have its first message passed off as another number and stay known by its own", async () => {
    const first = await send(app, ROMEO, "one");
    expect(openedAs(romeo, MERCUTIO, first)).equal("one");
    expect(openedAs(romeo, JULIET, await send(app, ROMEO, "two"))).to.match(/^!/);
  });

  it("cannot be passed off as Romeo himself", async () => {
    expect(openedAs(romeo, ROMEO, await send(app, ROMEO, "one"))).equal("!bad-envelope");
  });
});

describe("mayBeNamed", () => {
  const context = { account: Jid.parse("romeo@example.org"), keys: { address: ROMEO.bare } };
  const fingerprint = "ab".repeat(32) as Fingerprint;
  const juliet = { address: JULIET.bare, fingerprint };
  const account = Jid.parse("juliet@example.org");

  const may = (storage: Storage, sender: NamedSender, name: Jid): boolean =>
    storage.read((view) => mayBeNamed(context as OmemoContext, view, sender, name));

  it("binds a key to the number and the account with which it was met first", () => {
    const storage = openMemoryStorage();
    expect(may(storage, juliet, account)).equal(true);
    storage.transaction((transaction) => {
      keepName(transaction, juliet, account);
      keepName(transaction, { ...juliet, address: MERCUTIO.bare }, Jid.parse("mercutio@example.org"));
    });
    expect(may(storage, juliet, Jid.parse("juliet@example.org/balcony"))).equal(true);
    expect(may(storage, { ...juliet, address: MERCUTIO.bare }, account)).equal(false);
    expect(may(storage, juliet, Jid.parse("nurse@example.org"))).equal(false);
    expect(may(storage, { ...juliet, fingerprint: "cd".repeat(32) as Fingerprint }, account)).equal(true);
  });

  const refused: Readonly<Record<string, Jid>> = {
    "another number": MERCUTIO,
    "an account elsewhere": Jid.parse("juliet@example.net"),
    "a server": Jid.parse("example.org"),
    "the reader's own account": context.account,
  };
  for (const [what, name] of Object.entries(refused))
    it(`says no to ${what}`, () => {
      expect(may(openMemoryStorage(), juliet, name)).equal(false);
    });

  it("takes own apps by the own account alone", () => {
    const own = { address: ROMEO.bare, fingerprint };
    expect(may(openMemoryStorage(), own, context.account)).equal(true);
    expect(may(openMemoryStorage(), own, account)).equal(false);
  });
});

describe("a device that calls itself by a number", () => {
  it("is refused under another one, also when nothing is known of it", async () => {
    const world = new World(["2"]);
    const [juliet, romeo] = [await world.device(JULIET, 71), await world.device(ROMEO, 72)];
    expect(openedAs(romeo, MERCUTIO, await send(juliet, ROMEO, "one"))).equal("!bad-envelope");
  });

  it("is refused when what it wrote was for somebody else who shows the same keys", async () => {
    const world = new World(["2"]);
    const [juliet, romeo] = [await world.device(JULIET, 71), await world.device(ROMEO, 72)];
    world.server.link(MERCUTIO.bare, romeo.account.bare);
    const sealed = await send(juliet, MERCUTIO, "for Mercutio alone");
    const renamed = { payload: sealed.payload.replaceAll(MERCUTIO.bare, ROMEO.bare) };
    expect(openedAs(romeo, JULIET, renamed)).equal("!bad-envelope");
  });

  it("whose account is on another server is refused", async () => {
    const world = new World(["2"]);
    const far = Jid.parse("juliet@example.net");
    const [app, romeo] = [await appOf(world, far), await world.device(ROMEO, 72)];
    expect(openedAs(romeo, JULIET, await send(app, ROMEO, "one"))).equal("!bad-envelope");
  });
});
