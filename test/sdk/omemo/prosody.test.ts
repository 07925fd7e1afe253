import { expect } from "chai";
import { Connection } from "../../../sdk/connection/connection.js";
import { type Omemo, openOmemo } from "../../../sdk/omemo/mod.js";
import { fetchItem, publishItem } from "../../../sdk/omemo/pep.js";
import { openMemoryStorage } from "../../../sdk/storage/memory.js";
import type { Storage } from "../../../sdk/storage/port.js";
import { readForm } from "../../../src/data-form.js";
import { type DeviceId, newId } from "../../../src/ids.js";
import type { Jid } from "../../../src/jid.js";
import { NS, OMEMO_BUNDLE_NODE_PREFIX, OMEMO_DEVICE_LIST_NODE } from "../../../src/namespaces.js";
import { readBundle } from "../../../src/omemo-bundle.js";
import { readDeviceList, writeDeviceList } from "../../../src/omemo-device-list.js";
import { type Element, parseXml, xml } from "../../../src/xml.js";
import { addAccount, useProsody } from "../../support/prosody.js";
import { encryptedOf } from "./world.js";

interface Client {
  readonly jid: Jid;
  readonly connection: Connection;
  readonly storage: Storage;
  readonly omemo: Omemo;
}

describe("Omemo at a Prosody", () => {
  const prosody = useProsody();
  const clients: Client[] = [];

  const login = async (localpart: string, device: number): Promise<Client> => {
    const jid = await addAccount(prosody(), localpart, "secret");
    const connection = new Connection({
      service: `xmpp://${prosody().interface}:${prosody().clientPort}`,
      domain: jid.domain,
      username: localpart,
      password: "secret",
    });
    await connection.start();
    const storage = openMemoryStorage();
    const omemo = openOmemo({ storage, connection, account: jid, number: jid, device: device as DeviceId });
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

  it("publishes list and bundle for everybody to read, and for good", async () => {
    const juliet = await login("juliet1", 11);
    const romeo = await login("romeo1", 22);
    await juliet.omemo.announce();
    for (const node of [OMEMO_DEVICE_LIST_NODE, `${OMEMO_BUNDLE_NODE_PREFIX}11`]) {
      const configuration = await configurationOf(juliet, node);
      expect(configuration.get("pubsub#access_model")).eql(["open"]);
      expect(configuration.get("pubsub#persist_items")?.[0]).oneOf(["1", "true"]);
    }
    const list = await fetchItem(romeo.connection, juliet.jid, OMEMO_DEVICE_LIST_NODE);
    expect(readDeviceList(list as Element)).eql([11]);
    const bundle = await fetchItem(romeo.connection, juliet.jid, `${OMEMO_BUNDLE_NODE_PREFIX}11`);
    expect(readBundle(bundle as Element).preKeys.length).equal(100);
  });

  it("finds nothing where nothing was published", async () => {
    const romeo = await login("romeo2", 22);
    const juliet = await addAccount(prosody(), "juliet2", "secret");
    expect(await fetchItem(romeo.connection, romeo.jid, OMEMO_DEVICE_LIST_NODE)).equal(undefined);
    // Prosody answers "forbidden": it does not tell a node that is closed from one that is not there
    const failure = await romeo.omemo.prepare(juliet).catch((error: unknown) => error);
    expect(failure).property("code", "no-devices");
  });

  it("opens a node that was published closed, and keeps the devices in its list", async () => {
    const juliet = await login("juliet3", 11);
    const romeo = await login("romeo3", 22);
    const list = parseXml(writeDeviceList([7 as DeviceId]));
    await publishClosed(juliet, OMEMO_DEVICE_LIST_NODE, list);
    const closed = await fetchItem(romeo.connection, juliet.jid, OMEMO_DEVICE_LIST_NODE).catch(
      (error: unknown) => error,
    );
    expect(closed).instanceOf(Error);
    await juliet.omemo.announce();
    const opened = await fetchItem(romeo.connection, juliet.jid, OMEMO_DEVICE_LIST_NODE);
    expect(readDeviceList(opened as Element)).eql([7, 11]);
    await publishItem(juliet.connection, OMEMO_DEVICE_LIST_NODE, list);
    expect((await configurationOf(juliet, OMEMO_DEVICE_LIST_NODE)).get("pubsub#access_model")).eql(["open"]);
  });

  it("lets two people write to each other", async () => {
    const juliet = await login("juliet4", 11);
    const romeo = await login("romeo4", 22);
    await juliet.omemo.announce();
    await romeo.omemo.announce();
    const say = async (from: Client, to: Client, text: string): Promise<void> => {
      await from.omemo.prepare(to.jid);
      const sealed = from.storage.transaction((t) => from.omemo.seal(t, to.jid, text));
      const opened = to.storage.transaction((t) => to.omemo.open(t, from.jid, encryptedOf(sealed)));
      expect(opened).property("plaintext", text);
    };
    await say(juliet, romeo, "Wherefore art thou?");
    await say(romeo, juliet, "Here.");
    await say(juliet, romeo, "Good.");
  });
});
