import { expect } from "chai";
import { NS } from "../../src/namespaces.js";
import { attribute, parseXml, type Element } from "../../src/xml.js";
import { RawDevice, type DeviceCredentials } from "../support/raw-device.js";
import { StockApp } from "../support/stock-app.js";
import { useWorld } from "../support/world.js";

/** The owners that the `<keys/>` of a message in OMEMO 2 name, each with its device ids. */
function owners(message: Element | undefined): Record<string, (string | undefined)[]> {
  const header = message?.getChild("encrypted", NS.omemo2)?.getChild("header");
  const groups = header?.getChildren("keys") ?? [];
  return Object.fromEntries(
    groups.map((group) => [group.attrs["jid"], group.getChildren("key").map((key) => attribute(key, "rid"))]),
  );
}

function omemo2(groups: Readonly<Record<string, number>>): string {
  const keys = Object.entries(groups).map(
    ([jid, rid]) => `<keys jid='${jid}'><key rid='${rid}'>AAAA</key></keys>`,
  );
  return `<encrypted xmlns='${NS.omemo2}'><header sid='11'>${keys.join("")}</header><payload>AAAAAAAAAAAAAAAAAAAAAA==</payload></encrypted>`;
}

describe("what ordinary apps encrypt", () => {
  const world = useWorld();
  const open: { stop(): Promise<void> }[] = [];
  let next = 15551230000;
  const keep = <One extends { stop(): Promise<void> }>(one: One): One => {
    open.push(one);
    return one;
  };
  const person = (): Promise<DeviceCredentials> => world().person(`+${++next}`, `opaque-${next}`);
  const accountOf = ({ username, domain }: DeviceCredentials): string => `${username}@${domain}`;
  const numberOf = ({ number, numberDomain }: DeviceCredentials): string => `${number}@${numberDomain}`;
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.stop()));
  });

  it("names its readers as they know themselves: an app by its account, a device by its number", async () => {
    const [rose, june] = [await person(), await person()];
    const romeo = keep(await StockApp.online(rose));
    const juliet = keep(await StockApp.online(june));
    const device = keep(await RawDevice.online(june));
    await romeo.send(numberOf(june), omemo2({ [numberOf(june)]: 7, [accountOf(rose)]: 8 }), "sealed-1");
    const message = await juliet.got(
      "the message",
      (one) => one.getChild("encrypted", NS.omemo2) !== undefined,
    );
    expect(owners(message)).to.deep.equal({ [accountOf(june)]: ["7"], [numberOf(rose)]: ["8"] });
    await device.texts(1);
    const payload = parseXml(`<message>${device.messages[0]?.payload ?? ""}</message>`);
    expect(owners(payload)).to.deep.equal({ [numberOf(june)]: ["7"], [numberOf(rose)]: ["8"] });
    expect(message.getChild("encrypted")?.getChildText("payload")).to.equal("AAAAAAAAAAAAAAAAAAAAAA==");
    expect(String(message)).not.to.contain(rose.username);
    // XEP-0333 §4.1: it may be a marker itself, encrypted
    expect(message.getChild("markable", NS.chatMarkers)).to.equal(undefined);
  });

  it("in 0.3 arrives as it was, key by key", async () => {
    const [rose, june] = [await person(), await person()];
    const romeo = keep(await StockApp.online(rose));
    const juliet = keep(await StockApp.online(june));
    const encrypted =
      `<encrypted xmlns='${NS.omemo}'><header sid='2147483647'><key prekey='true' rid='7'>AAAA</key>` +
      `<key rid='8'>BBBB</key><iv>AAAAAAAAAAAAAAAA</iv></header><payload>CCCC</payload></encrypted>`;
    await romeo.send(numberOf(june), `${encrypted}<body>You have no OMEMO</body>`);
    const message = await juliet.got(
      "the message",
      (one) => one.getChild("encrypted", NS.omemo) !== undefined,
    );
    const parts = (of: Element | undefined) =>
      of
        ?.getChild("header")
        ?.getChildren("key")
        .map(({ attrs, children }) => ({ ...attrs, text: children.join("") }));
    expect(parts(message.getChild("encrypted"))).to.deep.equal(parts(parseXml(encrypted)));
    expect(message.getChild("encrypted")?.getChild("header")?.attrs).to.include({ sid: "2147483647" });
  });

  it("links to media in the way of XEP-0454 unharmed", async () => {
    const [rose, june] = [await person(), await person()];
    const romeo = keep(await StockApp.online(rose));
    const juliet = keep(await StockApp.online(june));
    const link = `aesgcm://upload.example.org/a%20b/c.jpg?x=1&amp;y=2#${"0123456789abcdef".repeat(5)}abcdef00`;
    await romeo.say(numberOf(june), link);
    expect(await juliet.heard(1)).to.deep.equal([link.replace("&amp;", "&")]);
  });
});
