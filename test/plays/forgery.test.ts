import { expect } from "chai";
import { Connection } from "../../sdk/connection/connection.js";
import { StanzaError } from "../../src/errors.js";
import { newId, type Seq } from "../../src/ids.js";
import { writeDeliver, writeEntry } from "../../src/mailbox-deliver.js";
import { NS } from "../../src/namespaces.js";
import { xml } from "../../src/xml.js";
import { body, RawDevice } from "../support/raw-device.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

const RECEIPT = "urn:xmpp:receipts";

describe("forged and outsized stanzas", () => {
  const world = useWorld();
  let next = 15551230000;
  let romeo: RawDevice;
  let juliet: RawDevice;
  let tybalt: RawDevice;
  let component: string;
  const online = async (): Promise<RawDevice> => RawDevice.online(await world().person(`+${++next}`));
  beforeEach(async () => {
    [romeo, juliet, tybalt] = [await online(), await online(), await online()];
    component = romeo.credentials.numberDomain;
  });
  // Whatever was tried: the service stands, and a message goes through it
  afterEach(async () => {
    const id = await romeo.say(juliet.numberJid, "still here");
    await romeo.receipt(id, "delivered");
    expect(juliet.messages.map(({ payload }) => payload).at(-1)).to.include("still here");
    await Promise.all([romeo, juliet, tybalt].map((device) => device.stop()));
  });

  const states = async (id: Parameters<RawDevice["status"]>[0]): Promise<string[]> =>
    (await romeo.status(id)).recipients.map(({ state }) => state);
  /** Waits until everything that a device sent before has been handled. */
  const handled = async (device: RawDevice): Promise<void> => {
    await device.ask("get", xml("ping", { xmlns: NS.ping }));
  };

  it("raise no receipt: neither receipts nor markers sent to a number or to the service", async () => {
    juliet.isAcknowledging = false;
    const id = await romeo.say(juliet.numberJid, "hello");
    for (const to of [romeo.numberJid, component, juliet.numberJid]) {
      for (const forger of [tybalt, juliet]) {
        await forger.connection.send(
          `<message to='${to}'><received xmlns='${RECEIPT}' id='${id}'/></message>`,
        );
        await forger.connection.send(
          `<message to='${to}'><displayed xmlns='${NS.chatMarkers}' id='${id}'/></message>`,
        );
      }
    }
    const receipt = {
      kind: "receipt",
      seq: 1 as Seq,
      isRedelivery: false,
      state: "read",
      from: juliet.numberJid,
    } as const;
    const deliver = writeDeliver([writeEntry({ ...receipt, device: undefined, at: 0, ids: [id] })]);
    await tybalt.connection.send(`<message type='headline' to='${component}'>${deliver}</message>`);
    await tybalt.connection.send(`<message type='headline' to='${romeo.numberJid}'>${deliver}</message>`);
    expect(await tybalt.markRead(romeo.numberJid, id)).to.have.nested.property(
      "0.error.condition",
      "item-not-found",
    );
    await Promise.all([handled(tybalt), handled(juliet)]);
    expect(await states(id)).to.deep.equal(["accepted"]);
    expect(romeo.receipts).to.deep.equal([]);
    juliet.isAcknowledging = true;
    await juliet.attach();
  });

  it("do not carry the address of somebody else", async () => {
    const to = juliet.numberJid;
    const forged = `from='${String(romeo.connection.jid)}'`;
    const submit = (id: string) =>
      `<submit xmlns='${NS.mailbox}'><message id='${id}' to='${to}'>${body("forged")}</message></submit>`;
    await tybalt.connection.send(`<iq type='set' id='f1' ${forged} to='${component}'>${submit("f1")}</iq>`);
    await tybalt.connection.send(`<message ${forged} to='${to}'>${body("forged")}</message>`);
    await until(
      "an answer or the end of the stream",
      () => tybalt.others.length > 0 || tybalt.connection.state !== "online" || juliet.messages.length > 0,
    );
    await handled(romeo);
    await handled(juliet);
    for (const message of juliet.messages) expect(message.from).to.equal(tybalt.numberJid);
    await expectUnknown(romeo, "f1");
  });

  it("are not taken for an acknowledgement of another device", async () => {
    juliet.isAcknowledging = false;
    const id = await romeo.say(juliet.numberJid, "hello");
    await juliet.texts(1);
    await tybalt.acknowledge(999_999);
    const other = new RawDevice(juliet.credentials);
    await other.connection.start();
    await other.acknowledge(1);
    await Promise.all([handled(tybalt), handled(other)]);
    expect(await states(id)).to.deep.equal(["accepted"]);
    await other.stop();
    juliet.isAcknowledging = true;
    await juliet.attach();
    await romeo.receipt(id, "delivered");
  });

  it("close no mailbox of somebody else, nor one's own when only one number is told", async () => {
    await tybalt.connection.send(`<presence type='unavailable' to='${juliet.numberJid}'/>`);
    await juliet.connection.send(`<presence to='${romeo.numberJid}'/>`);
    await juliet.connection.send(`<presence type='unavailable' to='${romeo.numberJid}'/>`);
    await Promise.all([handled(tybalt), handled(juliet)]);
    await romeo.say(juliet.numberJid, "hello");
    expect(await juliet.texts(1)).to.deep.equal(["hello"]);
  });

  it("are ignored when they answer what nobody asked", async () => {
    for (const type of ["result", "error"]) {
      await tybalt.connection.send(`<iq type='${type}' id='${newId()}' to='${component}'/>`);
      await tybalt.connection.send(
        `<iq type='${type}' id='${newId()}' to='${juliet.numberJid}'><pubsub xmlns='${NS.pubsub}'/></iq>`,
      );
    }
    await handled(tybalt);
    // The component may ask something of its own meanwhile
    const answers = tybalt.others.filter(
      ({ attrs }) => attrs["type"] === "error" || attrs["type"] === "result",
    );
    expect(answers.map(String)).to.deep.equal([]);
  });

  it("end at the server when they are larger than it takes", async () => {
    const { service, domain, username, password } = tybalt.credentials;
    const careless = new Connection({
      service,
      domain,
      username,
      password,
      sendLimits: { maxStanzaBytes: 1_000_000 },
    });
    let isOver = false;
    careless.on("error", () => {});
    careless.on("offline", () => (isOver = true));
    await careless.start();
    await careless.send(`<message to='${component}'>${body("x".repeat(300_000))}</message>`);
    await until("the end of the stream", () => isOver, 10_000);
    await careless.stop();
  });

  it("are refused when they are deep, whatever they are", async () => {
    const deep = (depth: number) => "<a xmlns='urn:example'>".repeat(depth) + "</a>".repeat(depth);
    const outcome = await romeo
      .submit([{ to: juliet.numberJid, payload: deep(1000) }])
      .catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(StanzaError);
    await tybalt.connection.send(`<message to='${component}'>${deep(4000)}</message>`);
    await tybalt.connection.send(`<presence to='${component}'>${deep(4000)}</presence>`);
    await handled(romeo);
  });

  it("are refused when their numbers are out of all bounds", async () => {
    const ask = (inner: string) =>
      tybalt.connection.request(xml("iq", { type: "set", to: component, id: newId() }, rawAck(inner)));
    for (const seq of ["9".repeat(300), "-1", "1e9", "NaN"]) {
      const error = await ask(seq).catch((reason: unknown) => reason);
      expect(error, seq).to.be.instanceOf(StanzaError).and.include({ condition: "bad-request" });
      await tybalt.connection.send(
        `<message type='headline' to='${component}'><ack xmlns='${NS.mailbox}' seq='${seq}'/></message>`,
      );
    }
    await handled(tybalt);
  });
});

function rawAck(seq: string) {
  return xml("submit", { xmlns: NS.mailbox }, xml("ack", { seq }));
}

async function expectUnknown(device: RawDevice, id: string): Promise<void> {
  const error = await device
    .ask("get", xml("status", { xmlns: NS.mailbox, id }))
    .catch((reason: unknown) => reason);
  expect(error).to.be.instanceOf(StanzaError).and.include({ condition: "item-not-found" });
}
