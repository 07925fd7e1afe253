import { appendFileSync } from "node:fs";
import { expect } from "chai";
import { StanzaError } from "../../src/errors.js";
import { newId, newMessageId, type Seq } from "../../src/ids.js";
import { writeAttach } from "../../src/mailbox-attach.js";
import { writeSubmit } from "../../src/mailbox-submit.js";
import {
  NS,
  OMEMO2_BUNDLES_NODE,
  OMEMO2_DEVICE_LIST_NODE,
  OMEMO_BUNDLE_NODE_PREFIX,
  OMEMO_DEVICE_LIST_NODE,
} from "../../src/namespaces.js";
import { Jid } from "../../src/jid.js";
import { attribute, childElements, parseXml, xml, type Element } from "../../src/xml.js";
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

/** Publishes an item in a node that everybody may read and that keeps some items. */
async function publish(
  device: RawDevice,
  node: string,
  content: Element,
  { id = "current", maxItems = 1 } = {},
): Promise<void> {
  const field = (name: string, value: string | number): Element =>
    xml("field", { var: name }, xml("value", {}, String(value)));
  const options = xml(
    "x",
    { xmlns: NS.dataForms, type: "submit" },
    field("FORM_TYPE", NS.publishOptions),
    field("pubsub#access_model", "open"),
    field("pubsub#max_items", maxItems),
  );
  const request = xml(
    "pubsub",
    { xmlns: NS.pubsub },
    xml("publish", { node }, xml("item", { id }, content)),
    xml("publish-options", {}, options),
  );
  const { credentials } = device;
  await device.ask("set", request, `${credentials.username}@${credentials.domain}`);
}

/** The ids of the items in an answer. */
function itemIds(pubsub: Element): (string | undefined)[] {
  return (pubsub.getChild("items")?.getChildren("item") ?? []).map((item) => attribute(item, "id"));
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
    await publish(juliet, OMEMO_DEVICE_LIST_NODE, list);
    const bundle = xml("bundle", { xmlns: NS.omemo }, xml("identityKey", {}, "AAAA"));
    await publish(juliet, `${OMEMO_BUNDLE_NODE_PREFIX}7`, bundle);
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
    await publish(away, OMEMO_DEVICE_LIST_NODE, xml("list", { xmlns: NS.omemo }));
    await away.stop();
    const list = await romeo.ask("get", items(OMEMO_DEVICE_LIST_NODE), away.numberJid);
    expect(list.getChild("items")?.getChildren("item")).to.have.length(1);
  });

  it("are those of the bundles where an app has begun no list, and of the list alone once there is one", async () => {
    const nurse = await connected(await world().person("+15551230004"));
    const bundle = xml("bundle", { xmlns: NS.omemo }, xml("identityKey", {}, "AAAA"));
    for (const node of ["31", "32", "none"].map((id) => OMEMO_BUNDLE_NODE_PREFIX + id))
      await publish(nurse, node, bundle);
    await publish(nurse, "urn:example:other:33", xml("other", { xmlns: "urn:example:other" }));
    const ids = async (): Promise<unknown[]> => {
      const answer = await romeo.ask("get", items(OMEMO_DEVICE_LIST_NODE), nurse.numberJid);
      const list = answer.getChild("items")?.getChild("item")?.getChild("list", NS.omemo);
      return childElements(list ?? xml("none")).map((device) => attribute(device, "id"));
    };
    expect(await ids()).to.have.members(["31", "32"]);
    await publish(nurse, OMEMO_DEVICE_LIST_NODE, xml("list", { xmlns: NS.omemo }));
    expect(await ids()).to.deep.equal([]);
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
      ["set", pubsub(xml("subscribe", { node, jid: romeo.numberJid })), "bad-request"],
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

describe("OMEMO 2 keys of a number", () => {
  const world = useWorld();
  const bundle = (device: number, sizeBytes = 4): Element =>
    xml("bundle", { xmlns: NS.omemo2, device }, xml("ik", {}, "A".repeat(sizeBytes)));
  const bundles = (...ids: readonly (string | number)[]): Element =>
    items(OMEMO2_BUNDLES_NODE, ...ids.map((id) => xml("item", { id })));
  let juliet: RawDevice;
  let romeo: RawDevice;
  const ask = (payload: Element): Promise<Element> => romeo.ask("get", payload, juliet.numberJid);
  before(async () => {
    juliet = new RawDevice(await world().person("+15551230001", "opaque-7f3a"));
    romeo = new RawDevice(await world().person("+15551230002", "opaque-91bc"));
    await Promise.all([juliet.connection.start(), romeo.connection.start()]);
    const list = xml("devices", { xmlns: NS.omemo2 }, xml("device", { id: 7, label: "Balcony" }));
    await publish(juliet, OMEMO2_DEVICE_LIST_NODE, list);
    for (const device of [7, 8, 9, 10])
      await publish(juliet, OMEMO2_BUNDLES_NODE, bundle(device), { id: String(device), maxItems: 64 });
  });
  after(async () => {
    await Promise.all([juliet.stop(), romeo.stop()]);
  });

  it("are read by another account, whose answer names no account", async () => {
    const list = await ask(items(OMEMO2_DEVICE_LIST_NODE));
    const published = list.getChild("items")?.getChild("item")?.getChild("devices", NS.omemo2);
    expect(published?.getChild("device")?.attrs).to.include({ id: "7", label: "Balcony" });
    const answer = await ask(bundles(8));
    expect(itemIds(answer)).to.deep.equal(["8"]);
    expect(answer.getChild("items")?.getChild("item")?.getChild("bundle")?.attrs).to.include({ device: "8" });
    for (const told of [list, answer])
      expect(String(told.root()) + String(told)).not.to.include("opaque-7f3a");
  });

  it("are read three at a time, and the newest three when none is named", async () => {
    expect(itemIds(await ask(bundles(9, 7, 10)))).to.have.members(["7", "9", "10"]);
    expect(itemIds(await ask(bundles()))).to.have.members(["8", "9", "10"]);
    const wanted = xml("items", { node: OMEMO2_BUNDLES_NODE, max_items: 1000 });
    expect(itemIds(await ask(xml("pubsub", { xmlns: NS.pubsub }, wanted)))).to.have.length(3);
  });

  it("are those that are there", async () => {
    expect(itemIds(await ask(bundles(7, 4711)))).to.deep.equal(["7"]);
    expect(await condition(ask(bundles(4711)))).to.equal("item-not-found");
    const toRomeo = romeo.ask("get", bundles(7), romeo.numberJid);
    expect(await condition(toRomeo)).to.equal("item-not-found");
  });

  const refused: Record<string, readonly [payload: Element, condition: string]> = {
    "more than three at once": [bundles(7, 8, 9, 10), "policy-violation"],
    "an item without an id": [items(OMEMO2_BUNDLES_NODE, xml("item")), "not-allowed"],
    "an item that is no device": [bundles("current"), "not-allowed"],
    "one such item beside a device": [bundles(7, "7 "), "not-allowed"],
    "a node below": [items(`${OMEMO2_BUNDLES_NODE}:7`), "not-allowed"],
    "a node with a space": [items(`${OMEMO2_DEVICE_LIST_NODE} `), "not-allowed"],
    "the namespace alone": [items(NS.omemo2), "not-allowed"],
  };
  for (const [what, [payload, expected]] of Object.entries(refused)) {
    it(`are all that is read: not ${what}`, async () => {
      expect(await condition(ask(payload))).to.equal(expected);
    });
  }

  it("cannot be so many or so large that the component's stream ends", async () => {
    for (const node of [OMEMO2_BUNDLES_NODE, `${OMEMO_BUNDLE_NODE_PREFIX}7`]) {
      for (let device = 20; device < 26; device += 1)
        await publish(juliet, node, bundle(device, 220_000), { id: String(device), maxItems: 64 });
      expect(await condition(ask(items(node)))).to.equal("item-not-found");
    }
    expect(await condition(ask(bundles(20, 21, 22)))).to.equal("item-not-found");
    expect(itemIds(await ask(bundles(20, 7)))).to.deep.equal(["7"]);
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
