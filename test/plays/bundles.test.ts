import { appendFileSync } from "node:fs";
import { expect } from "chai";
import { publishItem } from "../../sdk/omemo/pep.js";
import { StanzaError } from "../../src/errors.js";
import { newId, newMessageId, type Seq } from "../../src/ids.js";
import { writeAttach } from "../../src/mailbox-attach.js";
import { writeSubmit } from "../../src/mailbox-submit.js";
import { NS, OMEMO_BUNDLE_NODE_PREFIX, OMEMO_DEVICE_LIST_NODE } from "../../src/namespaces.js";
import { Jid } from "../../src/jid.js";
import { attribute, parseXml, xml, type Element } from "../../src/xml.js";
import { addAccount } from "../support/prosody.js";
import { body, RawDevice, type DeviceCredentials } from "../support/raw-device.js";
import { useWorld } from "../support/world.js";

const OTHER_HOST = "example.net";

/** The condition with which something is refused. */
async function condition(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error: unknown) => {
      if (error instanceof StanzaError) return error.condition;
      throw error;
    },
  );
}

function items(node: string, ...inner: readonly Element[]): Element {
  return xml("pubsub", { xmlns: NS.pubsub }, xml("items", { node }, ...inner));
}

describe("OMEMO keys of a number", () => {
  const world = useWorld();
  const devices: RawDevice[] = [];
  const connected = async (credentials: DeviceCredentials): Promise<RawDevice> => {
    const device = new RawDevice(credentials);
    devices.push(device);
    await device.connection.start();
    return device;
  };
  let juliet: RawDevice;
  let romeo: RawDevice;
  before(async () => {
    juliet = await connected(await world().person("+15551230001", "opaque-7f3a"));
    romeo = await connected(await world().person("+15551230002", "opaque-91bc"));
    const list = xml("list", { xmlns: NS.omemo }, xml("device", { id: 7 }));
    await publishItem(juliet.connection, OMEMO_DEVICE_LIST_NODE, list);
    const bundle = xml("bundle", { xmlns: NS.omemo }, xml("identityKey", {}, "AAAA"));
    await publishItem(juliet.connection, `${OMEMO_BUNDLE_NODE_PREFIX}7`, bundle);
  });
  after(async () => {
    await Promise.all(devices.map((device) => device.stop()));
  });

  it("are read by another account, whose answer names no account", async () => {
    const list = await romeo.ask("get", items(OMEMO_DEVICE_LIST_NODE), juliet.numberJid);
    const published = list.getChild("items")?.getChild("item")?.getChild("list", NS.omemo);
    expect(published?.getChild("device")?.attrs).to.include({ id: "7" });
    const bundle = await romeo.ask("get", items(`${OMEMO_BUNDLE_NODE_PREFIX}7`), juliet.numberJid);
    const item = bundle.getChild("items")?.getChild("item");
    expect(item?.getChild("bundle", NS.omemo)?.getChildText("identityKey")).to.equal("AAAA");
    for (const answer of [list, bundle])
      expect(String(answer.root()) + String(answer)).not.to.include("opaque-7f3a");
  });

  it("are read while their owner is away", async () => {
    const away = await connected(await world().person("+15551230003"));
    await publishItem(away.connection, OMEMO_DEVICE_LIST_NODE, xml("list", { xmlns: NS.omemo }));
    await away.stop();
    const list = await romeo.ask("get", items(OMEMO_DEVICE_LIST_NODE), away.numberJid);
    expect(list.getChild("items")?.getChildren("item")).to.have.length(1);
  });

  it("are not there in the same way for a number without keys and for a missing bundle", async () => {
    const answerTo = async (number: string, node: string): Promise<StanzaError> => {
      const to = `${number}@${juliet.credentials.numberDomain}`;
      const error = await romeo.ask("get", items(node), to).catch((reason: unknown) => reason);
      if (!(error instanceof StanzaError)) throw new Error("it was not refused");
      return error;
    };
    const told = ({ condition, type, message, applicationCondition }: StanzaError): string =>
      JSON.stringify({ condition, type, message, applicationCondition });
    const withoutKeys = await answerTo("+15551230002", OMEMO_DEVICE_LIST_NODE);
    expect(withoutKeys).to.include({ condition: "item-not-found", applicationCondition: undefined });
    const missing = await answerTo("+15551230001", `${OMEMO_BUNDLE_NODE_PREFIX}8`);
    expect(told(missing)).to.equal(told(withoutKeys));
    // A number that nobody has is no secret: submitting to it says the same
    const unknown = await answerTo("+15559999999", OMEMO_DEVICE_LIST_NODE);
    expect(unknown).to.include({ condition: "item-not-found", applicationCondition: "no-such-number" });
  });

  const OTHER_NODES = [
    "urn:xmpp:avatar:data",
    "http://jabber.org/protocol/nick",
    "storage:bookmarks",
    OMEMO_BUNDLE_NODE_PREFIX,
    `${OMEMO_BUNDLE_NODE_PREFIX}x`,
    `${OMEMO_BUNDLE_NODE_PREFIX}7/../8`,
    `${OMEMO_BUNDLE_NODE_PREFIX}12345678901`,
    `${OMEMO_DEVICE_LIST_NODE} `,
    "",
  ];
  for (const node of OTHER_NODES) {
    it(`are all that is read: not ${JSON.stringify(node)}`, async () => {
      expect(await condition(romeo.ask("get", items(node), juliet.numberJid))).to.equal("not-allowed");
    });
  }

  it("are read and nothing else", async () => {
    const pubsub = (...inner: readonly Element[]) => xml("pubsub", { xmlns: NS.pubsub }, ...inner);
    const node = OMEMO_DEVICE_LIST_NODE;
    const refused: readonly [type: "get" | "set", payload: Element, condition: string][] = [
      [
        "set",
        pubsub(xml("publish", { node }, xml("item", {}, xml("list", { xmlns: NS.omemo })))),
        "service-unavailable",
      ],
      ["set", pubsub(xml("retract", { node }, xml("item", { id: "current" }))), "service-unavailable"],
      ["set", pubsub(xml("subscribe", { node, jid: romeo.numberJid })), "service-unavailable"],
      ["set", xml("pubsub", { xmlns: NS.pubsubOwner }, xml("delete", { node })), "service-unavailable"],
      ["get", xml("pubsub", { xmlns: NS.pubsubOwner }, xml("configure", { node })), "service-unavailable"],
      ["get", pubsub(xml("subscriptions")), "not-allowed"],
      ["get", pubsub(xml("items", { node }), xml("items", { node })), "not-allowed"],
      ["get", pubsub(), "not-allowed"],
    ];
    for (const [type, payload, expected] of refused)
      expect(await condition(romeo.ask(type, payload, juliet.numberJid)), String(payload)).to.equal(expected);
    const list = await romeo.ask("get", items(node), juliet.numberJid);
    expect(list.getChild("items")?.getChildren("item")).to.have.length(1);
  });
});

describe("a stranger from another host", () => {
  const world = useWorld();
  let romeo: RawDevice;
  let stranger: RawDevice;
  before(async () => {
    const { prosody } = world();
    appendFileSync(prosody.configPath, `\nVirtualHost "${OTHER_HOST}"\n`);
    await world().stopComponent();
    await prosody.restart();
    await world().startComponent();
    await addAccount({ dataDir: prosody.dataDir, host: OTHER_HOST }, "tybalt", "secret");
    const credentials = await world().person("+15551230001");
    romeo = new RawDevice(credentials);
    stranger = new RawDevice({ ...credentials, domain: OTHER_HOST, username: "tybalt" });
    await romeo.connection.start();
    await stranger.connection.start();
    await romeo.attach();
  });
  after(async () => {
    await Promise.all([romeo.stop(), stranger.stop()]);
  });

  it("is forbidden to open a mailbox, with any proof", async () => {
    expect(await condition(stranger.ask("get", xml("challenge", { xmlns: NS.mailbox })))).to.equal(
      "forbidden",
    );
    const token = { token: romeo.token ?? "" };
    const attach = writeAttach({ device: romeo.credentials.deviceId, last: 0 as Seq, proof: token });
    expect(await condition(stranger.ask("set", attach))).to.equal("forbidden");
  });

  it("cannot submit, nor ask how far a message of somebody's has come", async () => {
    const { number, numberDomain } = await world().person("+15551230002");
    const id = await romeo.say(`${number}@${numberDomain}`, "for her alone");
    const message = { id: newMessageId(), to: Jid.parse(romeo.numberJid), payload: body("hello") };
    const submit = parseXml(writeSubmit({ messages: [message] }));
    expect(await condition(stranger.ask("set", submit))).to.be.oneOf(["forbidden", "not-authorized"]);
    const status = xml("status", { xmlns: NS.mailbox, id });
    expect(await condition(stranger.ask("get", status))).to.be.oneOf(["forbidden", "item-not-found"]);
    expect((await romeo.status(id)).id).to.equal(id);
  });

  it("is forbidden to read keys, of numbers that exist and that do not alike", async () => {
    for (const number of ["+15551230001", "+15559999999"]) {
      const to = `${number}@${romeo.credentials.numberDomain}`;
      expect(await condition(stranger.ask("get", items(OMEMO_DEVICE_LIST_NODE), to))).to.equal("forbidden");
    }
  });

  it("sees no command and may run none", async () => {
    const query = xml("query", { xmlns: NS.discoItems, node: NS.commands });
    expect((await stranger.ask("get", query)).getChildren("item")).to.deep.equal([]);
    const list = await romeo.ask("get", xml("query", { xmlns: NS.discoItems, node: NS.commands }));
    const nodes = list.getChildren("item").map((item) => attribute(item, "node") ?? "");
    expect(nodes).to.include("urn:twotick:unlink");
    for (const node of nodes) {
      const command = xml("command", { xmlns: NS.commands, node, action: "execute", sessionid: newId() });
      const start = xml("command", { xmlns: NS.commands, node });
      expect(await condition(stranger.ask("set", start)), node).to.equal("forbidden");
      expect(await condition(stranger.ask("set", command)), node).not.to.equal("none");
    }
  });
});
