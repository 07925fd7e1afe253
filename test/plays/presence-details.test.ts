import { expect } from "chai";
import { submitElement } from "../../src/data-form.js";
import { NS } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import { RawApp } from "../support/raw-app.js";
import { useWorld } from "../support/world.js";

const HASH = "a".repeat(40);
const SINCE = "2026-01-02T03:04:05.000Z";

describe("what presence says beside being there", () => {
  const world = useWorld();
  let romeo: RawApp;
  let juliet: RawApp;
  let number = "";
  let service = "";
  const photo = (hash: string): string => `<x xmlns='${NS.vcardUpdate}'><photo>${hash}</photo></x>`;
  /** What the subscriber sees when a presence is sent. */
  const shown = async (content: string, show: string): Promise<Element> => {
    const before = romeo.presences(number).length;
    await juliet.send(`<presence><show>${show}</show>${content}</presence>`);
    return romeo.presence(number, undefined, before);
  };
  const choose = async (values: Record<string, string>): Promise<void> => {
    const node = "urn:twotick:privacy";
    const command = xml("command", { xmlns: NS.commands, node }, submitElement(node, values));
    await juliet.ask("set", service, command);
  };
  const hashIn = (presence: Element): string | undefined =>
    presence.getChild("x", NS.vcardUpdate)?.getChildText("photo") ?? undefined;
  const idleIn = (presence: Element): string | undefined => {
    const idle = presence.getChild("idle", NS.idle);
    return idle && attribute(idle, "since");
  };
  before(async () => {
    const [one, other] = [await world().appPerson("+15551230001"), await world().appPerson("+15551230002")];
    service = one.numberDomain;
    number = `${other.number}@${service}`;
    [romeo, juliet] = [await RawApp.online(one), await RawApp.online(other)];
    await romeo.send(`<presence type='subscribe' to='${number}'/>`);
    await juliet.send(`<presence type='subscribed' to='${one.number}@${service}'/>`);
    await romeo.presence(number, undefined);
  });
  after(() => Promise.all([romeo.stop(), juliet.stop()]));

  describe("the picture's hash (XEP-0153)", () => {
    it("reaches those who may see the picture", async () => {
      expect(hashIn(await shown(photo(HASH), "away"))).to.equal(HASH);
      expect(hashIn(await shown(photo(""), "xa")), "there is none").to.equal("");
    });

    it("is left out when it is none, and kept from those who may not see the picture", async () => {
      expect(hashIn(await shown(photo("not a hash"), "away"))).to.equal(undefined);
      await choose({ profile: "nobody" });
      expect(hashIn(await shown(photo(HASH), "dnd"))).to.equal(undefined);
    });
  });

  describe("since when a person was idle (XEP-0319)", () => {
    const idle = (since: string): string => `<idle xmlns='${NS.idle}' since='${since}'/>`;

    it("reaches those who may know when the person was last there", async () => {
      expect(idleIn(await shown(idle(SINCE), "away"))).to.equal(SINCE);
    });

    it("is left out when it is no time, and kept from those who may not know", async () => {
      expect(idleIn(await shown(idle("yesterday"), "xa"))).to.equal(undefined);
      await choose({ "last-seen": "nobody" });
      expect(idleIn(await shown(idle(SINCE), "dnd"))).to.equal(undefined);
    });
  });
});
