import { expect } from "chai";
import SQLite from "better-sqlite3";
import { StanzaError } from "../../src/errors.js";
import type { Seq } from "../../src/ids.js";
import type { Attached } from "../../src/mailbox-attach.js";
import { writeSubmit } from "../../src/mailbox-submit.js";
import { writeToken, type GenerationClaim } from "../../src/store-generation.js";
import { parseXml } from "../../src/xml.js";
import { RawDevice } from "../support/raw-device.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

describe("attach with a generation of the store", () => {
  const world = useWorld();
  let next = 15551270000;
  let device: RawDevice;
  const devices: RawDevice[] = [];
  beforeEach(async () => {
    device = await login(new RawDevice(await world().person(`+${++next}`)));
  });
  afterEach(async () => {
    await Promise.all(devices.splice(0).map((one) => one.stop()));
  });

  async function login(one: RawDevice): Promise<RawDevice> {
    devices.push(one);
    await one.connection.start();
    return one;
  }

  const claim = (token: string | undefined, sent = 0, taken = 0): GenerationClaim => ({
    token,
    sent,
    taken: taken as Seq,
  });
  const attach = (token: string | undefined, sent = 0, taken = 0): Promise<Attached> =>
    device.attach(undefined, taken, claim(token, sent, taken));
  const confirm = async ({ generation = "" }: Attached): Promise<string> => {
    await device.connection.send(
      `<message type='headline' to='${device.credentials.numberDomain}'>${writeToken(generation)}</message>`,
    );
    // What is asked after it is answered after it
    await device.ask("set", parseXml(writeSubmit({ messages: [] })));
    return generation;
  };
  const refusal = async (work: Promise<unknown>): Promise<string | undefined> => {
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error === undefined) return "taken";
    if (!(error instanceof StanzaError)) throw error;
    expect(error).to.include({ condition: "conflict", type: "cancel" });
    return error.applicationCondition;
  };

  it("says nothing of generations to a device that does not", async () => {
    expect(await device.attach()).to.not.have.property("generation");
  });

  it("takes the same one again until the next is confirmed, as an answer may be lost", async () => {
    const first = await confirm(await attach(undefined));
    for (let lost = 0; lost < 3; lost += 1) await attach(first);
    const second = await confirm(await attach(first));
    expect(await refusal(attach(first))).to.equal("store-outdated");
    expect(await refusal(attach(second))).to.equal("taken");
  });

  it("takes the next one for confirmed when it is what a device attaches with", async () => {
    const { generation } = await attach(undefined);
    const { generation: second } = await attach(generation);
    expect(await refusal(attach(undefined))).to.equal("store-outdated");
    expect(await refusal(attach(generation))).to.equal("taken");
    expect(await refusal(attach(second))).to.equal("taken");
    expect(await refusal(attach(generation))).to.equal("store-outdated");
  });

  it("lets the first of two copies go on and refuses the other, with a session token too", async () => {
    const shared = await confirm(await attach(undefined));
    const copy = await login(new RawDevice(device.credentials));
    const { token, generation } = await copy.attach(undefined, 0, claim(shared));
    await confirm(await attach(shared));
    for (const theirs of [claim(shared), claim(generation), claim(undefined), undefined]) {
      expect(await refusal(copy.attach({ token }, 0, theirs))).to.equal("store-outdated");
    }
  });

  it("does not lock a device out for an attach of it that comes late", async () => {
    const first = await confirm(await attach(undefined));
    const answer = await attach(first);
    const late = await login(new RawDevice(device.credentials));
    await late.attach(undefined, 0, claim(first));
    expect(await refusal(attach(answer.generation))).to.equal("taken");
  });

  it("closes the mailbox of a device that confirms what is not the next one", async () => {
    const first = await confirm(await attach(undefined));
    await confirm(await attach(first));
    const say = `<message type='headline' to='${device.credentials.numberDomain}'>${writeToken(first)}</message>`;
    await device.connection.send(say);
    await until("the word that it is closed", () =>
      device.others.some((stanza) => stanza.getChild("detached")?.getText().includes("another copy")),
    );
  });

  it("refuses a store that has encrypted or taken in less than was heard of, and lets the original be", async () => {
    const friend = await RawDevice.online(await world().person(`+${++next}`));
    devices.push(friend);
    const current = await confirm(await attach(undefined, 4));
    const sent = writeSubmit({ sent: 5, messages: [] });
    await device.ask("set", parseXml(sent.replace("</submit>", message(friend.numberJid))));
    await friend.say(device.numberJid, "taken in");
    await device.texts(1);
    await until("the acknowledgement", () => friend.receipts.length > 0);
    const copy = await login(new RawDevice(device.credentials));
    const again = (sentThere: number, taken: number) =>
      refusal(copy.attach(undefined, taken, claim(current, sentThere, taken)));
    const { last } = device;
    expect(await again(4, last)).to.equal("store-outdated");
    expect(await again(5, 0)).to.equal("store-outdated");
    await friend.say(device.numberJid, "to the original");
    expect(await device.texts(2)).to.deep.equal(["taken in", "to the original"]);
    expect(copy.messages).to.deep.equal([]);
    expect(await again(5, device.last)).to.equal("taken");
  });

  const message = (to: string): string =>
    `<message id='generation' to='${to}'><body xmlns='jabber:client'>x</body></message></submit>`;

  it("goes on with a device whose service was put back, and then knows its older copies again", async () => {
    const first = await confirm(await attach(undefined));
    const second = await confirm(await attach(first));
    const third = await confirm(await attach(second));
    await world().stopComponent();
    const database = new SQLite(world().config.store.path);
    database.exec("UPDATE devices SET generation = 1, generation_id = 'of the backup', sent = 0, taken = 0");
    database.close();
    await world().startComponent();
    expect(await refusal(attach(third, 9, 9))).to.equal("taken");
    expect(await refusal(attach(second, 9, 9))).to.equal("store-outdated");
  });
});
