import { expect } from "chai";
import { StanzaError } from "../../../src/errors.js";
import type { DeviceId } from "../../../src/ids.js";
import type { Element } from "../../../src/xml.js";
import { versionAxolotl } from "../../../sdk/omemo/versions/version-axolotl.js";
import { versionOmemo2 } from "../../../sdk/omemo/versions/version-omemo2.js";
import { type Device, inEachVersion, JULIET, open, ROMEO, send, textOf, World } from "./world.js";

inEachVersion((version, newWorld) => {
  describe("Omemo.announce, at a node that was changed", () => {
    let world: World;
    let juliet: Device;
    let before: string[];
    const contents = (): string[] =>
      [version.deviceList, version.bundle(juliet.id)].map((place) =>
        String(world.server.content(juliet.account.bare, place)),
      );
    beforeEach(async () => {
      world = newWorld();
      juliet = await world.device(JULIET, 11);
      before = contents();
      world.server.publications.length = 0;
    });

    const change = (place: { node: string }, option: string, value: string): void => {
      world.server.nodes.get(`${juliet.account.bare} ${place.node}`)?.options.set(`pubsub#${option}`, value);
    };

    for (const what of ["list", "bundle"] as const) {
      const place = what === "list" ? version.deviceList : version.bundle(11 as DeviceId);

      it(`opens a ${what} that was closed, though its content is right`, async () => {
        change(place, "access_model", "whitelist");
        await juliet.omemo.announce();
        expect(world.server.option("access_model")).eql(["open", "open"]);
        expect(contents()).eql(before);
      });

      it(`has a ${what} kept that would be gone with the next restart, and publishes it again`, async () => {
        change(place, "persist_items", "false");
        await juliet.omemo.announce();
        expect(world.server.option("persist_items")).eql(["true", "true"]);
        expect(world.server.publications).eql([`${juliet.account.bare} ${place.node}`]);
        expect(contents()).eql(before);
      });
    }

    it("is content with a server that does not show how its nodes are", async () => {
      world.server.before = (step) => {
        if (step === "configuration") throw new StanzaError("feature-not-implemented", "no");
      };
      await juliet.omemo.announce();
      expect(world.server.publications).eql([]);
    });

    it("passes on that the server refuses to open it", async () => {
      change(version.deviceList, "access_model", "whitelist");
      world.server.before = (step) => {
        if (step === "configure") throw new StanzaError("forbidden", "no");
      };
      const failure = await juliet.omemo.announce().catch((error: unknown) => error);
      expect(failure).property("condition", "forbidden");
    });
  });
});

describe("the bundles of OMEMO 2", () => {
  it("lie beside each other in one node, and are fetched one by one", async () => {
    const world = new World(["2"]);
    const phone = await world.device(ROMEO, 22);
    const tablet = await world.device(ROMEO, 23);
    await phone.omemo.announce();
    expect(world.server.option("max_items")).include("max");
    const juliet = await world.device(JULIET, 11);
    world.server.fetches.length = 0;
    const sealed = await send(juliet, ROMEO, "a");
    for (const device of [phone, tablet]) expect(textOf(open(device, JULIET, sealed))).equal("a");
    expect(world.server.fetches.filter((name) => name.includes("bundles")).length).equal(2);
  });

  it("get as many items as the server allows, when it does not know max", async () => {
    for (const limits of [["max"], ["256"], ["32"], ["10"]]) {
      const world = new World(["2"]);
      world.server.limits = limits;
      const juliet = await world.device(JULIET, 11);
      const name = `${juliet.account.bare} ${versionOmemo2.bundle(juliet.id).node}`;
      expect(world.server.nodes.get(name)?.options.get("pubsub#max_items")).equal(limits[0]);
    }
  });

  it("are no longer thrown out by one another where the node had one item", async () => {
    const world = new World(["2"]);
    const juliet = await world.device(JULIET, 11);
    const name = `${juliet.account.bare} ${versionOmemo2.bundle(juliet.id).node}`;
    world.server.nodes.get(name)?.options.set("pubsub#max_items", "1");
    await juliet.omemo.announce();
    expect(world.server.nodes.get(name)?.options.get("pubsub#max_items")).equal("max");
  });

  it("that the server refuses keep nobody from being reached in OMEMO 0.3", async () => {
    const world = new World();
    const romeo = world.open(ROMEO, 22);
    world.server.before = (step, where) => {
      if (step === "publish" && where.includes("urn:xmpp:omemo:2")) {
        throw new StanzaError("resource-constraint", "no room");
      }
    };
    const failure = await romeo.omemo.announce().catch((error: unknown) => error);
    expect(failure).property("condition", "resource-constraint");
    const list = world.server.content(romeo.account.bare, versionAxolotl.deviceList) as Element;
    expect(versionAxolotl.readDeviceList(list)).eql([22]);
    const juliet = await world.device(JULIET, 11, { versions: ["0.3"] });
    expect(textOf(open(romeo, JULIET, await send(juliet, ROMEO, "a")))).equal("a");
  });
});
