import { expect } from "chai";
import { submitElement } from "../../src/data-form.js";
import { NS } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import { RawApp } from "../support/raw-app.js";
import type { DeviceCredentials } from "../support/raw-device.js";
import { StockApp } from "../support/stock-app.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

describe("the block list of the component (XEP-0191)", () => {
  const world = useWorld();
  const open: RawApp[] = [];
  /** What each app was pushed: `block` or `unblock`, and the addresses. */
  const pushes = new Map<RawApp, string[]>();
  let credentials: DeviceCredentials;
  let service = "";
  let number = "";
  const login = async (resource: string): Promise<RawApp> => {
    const app = await RawApp.online(credentials, resource);
    open.push(app);
    const told: string[] = [];
    pushes.set(app, told);
    for (const name of ["block", "unblock"])
      app.connection.handle("set", NS.blocking, name, (change) => {
        const jids = change.getChildren("item").map((item) => attribute(item, "jid"));
        told.push([name, ...jids].join(" "));
        return undefined;
      });
    return app;
  };
  const list = (app: RawApp): Promise<Element> =>
    app.ask("get", service, xml("blocklist", { xmlns: NS.blocking }));
  const told = (app: RawApp, count: number): Promise<void> =>
    until(`${count} pushes`, () => pushes.get(app)?.length === count, 10_000);
  before(async () => {
    credentials = await world().appPerson("+15551230002", "juliet");
    service = credentials.numberDomain;
    number = `+15551230001@${service}`;
  });
  after(() => Promise.all(open.map((app) => app.stop())));

  it("is pushed, as it changes, to the resources that asked for it, and to no other", async () => {
    const [phone, desk, other] = [await login("phone"), await login("desk"), await login("other")];
    for (const app of [phone, desk]) await list(app);
    const item = xml("item", { jid: number });
    await desk.ask("set", service, xml("block", { xmlns: NS.blocking }, item));
    for (const app of [phone, desk]) await told(app, 1);
    const node = "urn:twotick:unblock";
    const form = submitElement(node, { unblock: number.split("@")[0] ?? "" });
    await other.ask("set", service, xml("command", { xmlns: NS.commands, node }, form));
    for (const app of [phone, desk]) {
      await told(app, 2);
      expect(pushes.get(app)).to.deep.equal([`block ${number}`, `unblock ${number}`]);
    }
    expect(pushes.get(other)).to.deep.equal([]);
    expect((await list(phone)).getChildElements()).to.deep.equal([]);
  });
});

describe("a number that a person has blocked on the host (XEP-0191)", () => {
  const world = useWorld();
  const open: StockApp[] = [];
  const arrive = async (number: string, hasReceipts: boolean): Promise<StockApp> => {
    const app = await StockApp.online(await world().appPerson(number), { hasReceipts });
    open.push(app);
    return app;
  };
  after(() => Promise.all(open.map((app) => app.stop())));

  it("is not told that what it writes has arrived, though it was never shown the person", async () => {
    const [romeo, mercutio] = [await arrive("+15551230001", true), await arrive("+15551230003", true)];
    const juliet = await arrive("+15551230002", false);
    const item = xml("item", { jid: romeo.numberJid });
    const block = xml("iq", { type: "set", id: "block" }, xml("block", { xmlns: NS.blocking }, item));
    await juliet.connection.request(block, { timeoutMs: 10_000 });
    await romeo.say(juliet.numberJid, "But soft");
    await romeo.handled();
    const seen = await mercutio.say(juliet.numberJid, "Ask for me tomorrow");
    await mercutio.tick("received", seen);
    // Behind whatever was told because of the same answer of the app
    await romeo.handled();
    expect(await juliet.heard(1)).to.deep.equal(["Ask for me tomorrow"]);
    const ticks = romeo.arrived.filter((one) => one.getChild("received", NS.receipts));
    expect(ticks.map((one) => attribute(one.getChild("received") as Element, "id"))).to.deep.equal([]);
    // Nothing waits for anybody
    await juliet.connection.stop();
    const again = await StockApp.online(juliet.credentials, { hasReceipts: true });
    open.push(again);
    const last = await mercutio.say(juliet.numberJid, "A grave man");
    await mercutio.tick("received", last);
    expect(again.texts).to.deep.equal(["A grave man"]);
  });
});
