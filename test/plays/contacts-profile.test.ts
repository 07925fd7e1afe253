import { expect } from "chai";
import { submitElement } from "../../src/data-form.js";
import { StanzaError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import { RawApp } from "../support/raw-app.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

const HASH = "a".repeat(40);
const PICTURE = Buffer.from("a picture").toString("base64");

async function condition(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error: unknown) => {
      if (error instanceof StanzaError) return error.condition;
      throw error;
    },
  );
}

describe("the profile of a number", () => {
  const world = useWorld();
  let romeo: RawApp;
  let juliet: RawApp;
  let number = "";
  let service = "";
  const publish = (node: string, id: string, content: Element): Promise<Element> =>
    juliet.ask(
      "set",
      undefined,
      xml("pubsub", { xmlns: NS.pubsub }, xml("publish", { node }, xml("item", { id }, content))),
    );
  const items = (node: string, ...inner: Element[]): Promise<Element> =>
    romeo.ask("get", number, xml("pubsub", { xmlns: NS.pubsub }, xml("items", { node }, ...inner)));
  const show = (setting: string): Promise<Element> => {
    const node = "urn:twotick:privacy";
    const form = submitElement(node, { profile: setting, "last-seen": setting });
    return juliet.ask("set", service, xml("command", { xmlns: NS.commands, node }, form));
  };
  const vcard = (): Promise<Element> => romeo.ask("get", number, xml("vCard", { xmlns: NS.vcardTemp }));
  const vcard4 = (): Promise<Element> => romeo.ask("get", number, xml("vcard", { xmlns: NS.vcard4 }));
  const last = (): Promise<Element> => romeo.ask("get", number, xml("query", { xmlns: NS.lastActivity }));
  before(async () => {
    const [first, second] = [
      await world().person("+15551238101", "opaque-romeo"),
      await world().person("+15551238102", "opaque-juliet"),
    ];
    service = first.numberDomain;
    number = `${second.number}@${service}`;
    romeo = await RawApp.online(first);
    juliet = await RawApp.online(second);
    const info = { id: HASH, type: "image/png", bytes: 9, url: "https://example.org/opaque-juliet.png" };
    const { url: _, ...own } = info;
    await publish(NS.avatarData, HASH, xml("data", { xmlns: NS.avatarData }, PICTURE));
    await publish(
      NS.avatarMetadata,
      HASH,
      xml("metadata", { xmlns: NS.avatarMetadata }, xml("info", own), xml("info", info)),
    );
    await publish(NS.nick, "current", xml("nick", { xmlns: NS.nick }, "Juliet"));
    const card = xml(
      "vcard",
      { xmlns: NS.vcard4 },
      xml("fn", {}, xml("text", {}, "Juliet Capulet")),
      xml("impp", {}, xml("uri", {}, "xmpp:opaque-juliet@example.org")),
    );
    await publish(NS.vcard4Node, "current", card);
  });
  after(async () => {
    await Promise.all([romeo?.stop(), juliet?.stop()]);
  });

  it("is nothing to strangers, who cannot tell whether there is one", async () => {
    const asked = [vcard(), vcard4(), items(NS.nick), items(NS.avatarMetadata), items(NS.avatarData)];
    for (const question of asked) expect(await condition(question)).to.equal("item-not-found");
    expect(await condition(last())).to.equal("forbidden");
  });

  it("is name and picture to those whom the person shows them to, and never the account", async () => {
    await show("everyone");
    const told = [await vcard(), await vcard4(), await items(NS.nick), await items(NS.avatarMetadata)];
    const picture = await items(NS.avatarData, xml("item", { id: HASH }));
    expect(String(told[0])).to.include("Juliet Capulet");
    expect(String(told[1])).to.include("Juliet Capulet");
    expect(String(told[2])).to.include("Juliet");
    const infos = told[3]?.getChild("items")?.getChild("item")?.getChild("metadata")?.getChildren("info");
    expect(infos?.map((info) => attribute(info, "url"))).to.deep.equal([undefined]);
    expect(picture.getChild("items")?.getChild("item")?.getChild("data")?.getText()).to.equal(PICTURE);
    for (const answer of [...told, picture])
      expect(String(answer.root()) + String(answer)).not.to.include("opaque-juliet");
  });

  it("tells when the person was last there", async () => {
    await juliet.stop();
    const seconds = async (): Promise<number> =>
      Number(
        await last().then(
          (answer) => attribute(answer, "seconds"),
          () => -1,
        ),
      );
    let found = -1;
    const deadline = Date.now() + 15_000;
    while (found < 0 && Date.now() < deadline) found = await seconds();
    await until("it is told", () => found >= 0);
    expect(found).to.be.within(0, 30);
  });
});
