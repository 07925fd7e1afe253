import { expect } from "chai";
import { Connection } from "../../../sdk/connection/connection.js";
import { type Omemo, type OmemoVersionName, openOmemo } from "../../../sdk/omemo/mod.js";
import { fetchItem, type NodeItem } from "../../../sdk/omemo/devices/pep.js";
import { VERSIONS } from "../../../sdk/omemo/versions/versions.js";
import { publishItem } from "../../../sdk/omemo/own/publication.js";
import { openMemoryStorage } from "../../../sdk/storage/memory.js";
import type { Storage } from "../../../sdk/storage/port.js";
import { readForm, submitElement } from "../../../src/data-form.js";
import { type DeviceId, newId } from "../../../src/ids.js";
import type { Jid } from "../../../src/jid.js";
import { NS } from "../../../src/namespaces.js";
import { type Element, parseXml, xml } from "../../../src/xml.js";
import { addAccount, useProsody } from "../../support/prosody.js";
import { inEachVersion, messageOf } from "./world.js";

interface Client {
  readonly jid: Jid;
  readonly connection: Connection;
  readonly storage: Storage;
  readonly omemo: Omemo;
}

describe("Omemo at a Prosody", () => {
  const prosody = useProsody();
  const clients: Client[] = [];

  const login = async (
    localpart: string,
    device: number,
    versions: readonly OmemoVersionName[] = ["2", "0.3"],
  ): Promise<Client> => {
    const jid = await addAccount(prosody(), localpart, "secret");
    const connection = new Connection({
      service: `xmpp://${prosody().interface}:${prosody().clientPort}`,
      domain: jid.domain,
      username: localpart,
      password: "secret",
    });
    await connection.start();
    const storage = openMemoryStorage();
    const omemo = openOmemo({
      storage,
      connection,
      account: jid,
      number: jid,
      device: device as DeviceId,
      versions,
    });
    clients.push({ jid, connection, storage, omemo });
    return { jid, connection, storage, omemo };
  };

  /** Another device of an account, at the same connection. */
  const loginAgain = async (
    { jid, connection }: Client,
    device: number,
    versions: readonly OmemoVersionName[] = ["2", "0.3"],
  ): Promise<Client> => {
    const storage = openMemoryStorage();
    const ids = { account: jid, number: jid, device: device as DeviceId };
    const omemo = openOmemo({ storage, connection, ...ids, versions });
    clients.push({ jid, connection, storage, omemo });
    return { jid, connection, storage, omemo };
  };

  afterEach(async () => {
    for (const { omemo, connection } of clients.splice(0)) {
      omemo.close();
      await connection.stop();
    }
  });

  const configurationOf = async (
    { connection }: Client,
    node: string,
  ): Promise<ReadonlyMap<string, readonly string[]>> => {
    const get = xml("pubsub", { xmlns: NS.pubsubOwner }, xml("configure", { node }));
    const result = await connection.request(xml("iq", { type: "get", id: newId() }, get));
    const configure = result.getChild("pubsub", NS.pubsubOwner)?.getChild("configure");
    return readForm(configure?.getChild("x", NS.dataForms) as Element).values;
  };

  /** Publishes as an app does that knows nothing of open nodes. */
  const publishClosed = async ({ connection }: Client, node: string, content: Element): Promise<void> => {
    const publish = xml("publish", { node }, xml("item", { id: "current" }, content));
    await connection.request(
      xml("iq", { type: "set", id: newId() }, xml("pubsub", { xmlns: NS.pubsub }, publish)),
    );
  };

  inEachVersion((version) => {
    const LIST: NodeItem = version.deviceList;

    it("publishes list and bundle for everybody to read, and for good", async () => {
      const juliet = await login(`juliet1-${version.profile.id}`, 11, [version.name]);
      const romeo = await login(`romeo1-${version.profile.id}`, 22, [version.name]);
      await juliet.omemo.announce();
      for (const node of [LIST.node, version.bundle(11 as DeviceId).node]) {
        const configuration = await configurationOf(juliet, node);
        expect(configuration.get("pubsub#access_model")).eql(["open"]);
        expect(configuration.get("pubsub#persist_items")?.[0]).oneOf(["1", "true"]);
      }
      const list = await fetchItem(romeo.connection, juliet.jid, LIST);
      expect(version.readDeviceList(list as Element)).eql([11]);
      const bundle = await fetchItem(romeo.connection, juliet.jid, version.bundle(11 as DeviceId));
      expect(version.readBundle(bundle as Element).preKeys.length).equal(100);
    });

    it("finds nothing where nothing was published", async () => {
      const romeo = await login(`romeo2-${version.profile.id}`, 22, [version.name]);
      const juliet = await addAccount(prosody(), `juliet2-${version.profile.id}`, "secret");
      expect(await fetchItem(romeo.connection, romeo.jid, LIST)).equal(undefined);
      // Prosody answers "forbidden": it does not tell a node that is closed from one that is not there
      const failure = await romeo.omemo.prepare(juliet).catch((error: unknown) => error);
      expect(failure).property("code", "no-devices");
    });

    it("opens a node that was published closed, and keeps the devices in its list", async () => {
      const juliet = await login(`juliet3-${version.profile.id}`, 11, [version.name]);
      const romeo = await login(`romeo3-${version.profile.id}`, 22, [version.name]);
      const list = parseXml(version.writeDeviceList([7 as DeviceId]));
      await publishClosed(juliet, LIST.node, list);
      const closed = await fetchItem(romeo.connection, juliet.jid, LIST).catch((error: unknown) => error);
      expect(closed).instanceOf(Error);
      await juliet.omemo.announce();
      const opened = await fetchItem(romeo.connection, juliet.jid, LIST);
      expect(version.readDeviceList(opened as Element)).eql([7, 11]);
      await publishItem(juliet.connection, LIST, String(list));
      expect((await configurationOf(juliet, LIST.node)).get("pubsub#access_model")).eql(["open"]);
    });

    it("repairs a node that was closed after it was published rightly", async () => {
      const juliet = await login(`juliet5-${version.profile.id}`, 11, [version.name]);
      await juliet.omemo.announce();
      for (const { node } of [LIST, version.bundle(11 as DeviceId)]) {
        const form = submitElement(NS.nodeConfig, { "pubsub#access_model": "presence" });
        const configure = xml("pubsub", { xmlns: NS.pubsubOwner }, xml("configure", { node }, form));
        await juliet.connection.request(xml("iq", { type: "set", id: newId() }, configure));
        expect((await configurationOf(juliet, node)).get("pubsub#access_model")).eql(["presence"]);
      }
      await juliet.omemo.announce();
      for (const { node } of [LIST, version.bundle(11 as DeviceId)]) {
        expect((await configurationOf(juliet, node)).get("pubsub#access_model")).eql(["open"]);
      }
      const romeo = await login(`romeo5-${version.profile.id}`, 22, [version.name]);
      expect(await fetchItem(romeo.connection, juliet.jid, version.bundle(11 as DeviceId))).not.equal(
        undefined,
      );
    });
  });

  it("keeps the bundles of two devices of an account in one node, and writes to both", async () => {
    const phone = await login("romeo6", 22);
    const tablet = await loginAgain(phone, 23);
    await phone.omemo.announce();
    await tablet.omemo.announce();
    await phone.omemo.announce();
    const juliet = await login("juliet6", 11, ["2"]);
    await juliet.omemo.announce();
    await juliet.omemo.prepare(phone.jid);
    const sealed = juliet.storage.transaction((t) => juliet.omemo.seal(t, phone.jid, "to both"));
    expect(sealed.devices.recipient).equal(2);
    for (const { storage, omemo } of [phone, tablet]) {
      const said = { from: juliet.jid, to: phone.jid, at: Date.now() };
      expect(storage.transaction((t) => omemo.open(t, said, messageOf(sealed)))).property(
        "plaintext",
        "to both",
      );
    }
  });

  it("shows what one device sent on the own other device, in both versions", async () => {
    for (const { name } of VERSIONS) {
      const phone = await login(`romeo9-${name.replace(".", "")}`, 22, [name]);
      const tablet = await loginAgain(phone, 23, [name]);
      const juliet = await login(`juliet9-${name.replace(".", "")}`, 11, [name]);
      for (const { omemo } of [tablet, phone, juliet]) await omemo.announce();
      for (const text of ["one", "two"]) {
        await phone.omemo.prepare(juliet.jid);
        const sealed = phone.storage.transaction((t) => phone.omemo.seal(t, juliet.jid, text));
        const said = { from: phone.jid, to: juliet.jid, at: Date.now() };
        for (const { storage, omemo } of [tablet, juliet]) {
          expect(storage.transaction((t) => omemo.open(t, said, messageOf(sealed)))).property(
            "plaintext",
            text,
          );
        }
      }
    }
  });

  it("lets two people write to each other in both versions", async () => {
    const juliet = await login("juliet4", 11);
    const romeo = await login("romeo4", 22);
    await juliet.omemo.announce();
    await romeo.omemo.announce();
    const say = async (from: Client, to: Client, text: string): Promise<void> => {
      await from.omemo.prepare(to.jid);
      const sealed = from.storage.transaction((t) => from.omemo.seal(t, to.jid, text));
      const opened = to.storage.transaction((t) =>
        to.omemo.open(t, { from: from.jid, to: to.jid, at: Date.now() }, messageOf(sealed)),
      );
      expect(opened).property("plaintext", text);
    };
    await say(juliet, romeo, "Wherefore art thou?");
    await say(romeo, juliet, "Here.");
    await say(juliet, romeo, "Good.");
  });
});
