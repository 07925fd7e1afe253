import { createHash } from "node:crypto";
import { expect } from "chai";
import type { AccountOperations } from "../../component/accounts/store.js";
import type { MailboxLimits } from "../../component/mailbox/service.js";
import type { StoredOutcome } from "../../component/mailbox/accept-store.js";
import type { StoredEntry } from "../../component/mailbox/read-store.js";
import type { MailboxOperations } from "../../component/mailbox/store.js";
import type { ReceiptContent, ReceiptOperations } from "../../component/receipts/store.js";
import type { Remote } from "../../component/store/operations.js";
import type { DeviceId, MessageId } from "../../src/ids.js";

/** A store under test. */
export interface OpenedMailboxStore {
  readonly accounts: Remote<AccountOperations>;
  readonly mailbox: Remote<MailboxOperations>;
  readonly receipts: Remote<ReceiptOperations>;
  close(): Promise<void>;
}

const LIMITS: MailboxLimits = { maxEntries: 1000, maxBytes: 1_000_000 };
const LAST = Number.MAX_SAFE_INTEGER;

/** A person of these tests: an account with one device. */
export interface StoredPerson {
  readonly name: string;
  readonly jid: string;
  readonly account: number;
  readonly hash: Buffer;
}

/** A hash that stands for a name or a key. */
export function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** What these tests do with a store, in a few words. */
export class MailboxStoreDriver {
  readonly store: OpenedMailboxStore;
  now = 1_000_000;

  constructor(store: OpenedMailboxStore) {
    this.store = store;
  }

  /** Gives a number, named like the person, to an account; with a device unless `deviceId` is null. */
  async person(
    name: string,
    deviceId: number | null = 1,
    jid = `${name}@example.org`,
  ): Promise<StoredPerson> {
    const hash = hashOf(name);
    const { accountId } = await this.store.accounts.create({
      jid,
      numberHash: hash,
      numberSealed: Buffer.from(`sealed ${name}`),
      isMadeHere: true,
      pinHash: null,
      device:
        deviceId === null
          ? undefined
          : { deviceId: deviceId as DeviceId, keyHash: hashOf(`${jid} ${deviceId}`) },
      now: this.now,
    });
    return { name, jid, account: accountId, hash };
  }

  async addDevice({ jid }: StoredPerson, deviceId: number): Promise<void> {
    const device = { deviceId: deviceId as DeviceId, keyHash: hashOf(`${jid} ${deviceId}`) };
    expect(await this.store.accounts.addDevice(jid, device, this.now)).to.equal(undefined);
  }

  /** Attaches with the device's key and answers the opened mailbox, or `undefined`. */
  attach({ jid }: StoredPerson, deviceId = 1, last = 0, keyHash = hashOf(`${jid} ${deviceId}`)) {
    return this.store.mailbox.attach({
      account: jid,
      fullJid: `${jid}/${deviceId}`,
      deviceId: deviceId as DeviceId,
      proof: { keyHash },
      last,
      now: this.now,
    });
  }

  /** The row of a device. */
  async device(person: StoredPerson, deviceId = 1): Promise<number> {
    const opened = await this.attach(person, deviceId);
    if (!opened) throw new Error(`${person.name} has no device ${deviceId}`);
    return opened.device;
  }

  /** Submits messages from a device; each is an id and a text. */
  async submit(
    from: StoredPerson,
    device: number,
    to: StoredPerson | Buffer,
    messages: readonly (readonly [id: string, text: string])[],
    limits: MailboxLimits = LIMITS,
  ): Promise<readonly StoredOutcome[]> {
    const toHash = to instanceof Buffer ? to : (to as StoredPerson).hash;
    const submissions = messages.map(([id, text]) => {
      const digest = hashOf(`${toHash.toString("hex")} ${text}`).subarray(0, 16);
      return { id: id as MessageId, toHash, payload: text, digest };
    });
    const result = await this.store.mailbox.accept(
      { account: from.account, device, resource: `resource-${device}` },
      submissions,
      this.now,
      limits,
    );
    if (!result) throw new Error("the device is not bound");
    return result.outcomes;
  }

  read(device: number): Promise<StoredEntry[]> {
    return this.store.mailbox.read(device, 0, 10_000, LAST);
  }

  /** The texts that wait in a mailbox, in order. */
  async texts(device: number): Promise<string[]> {
    return (await this.read(device)).flatMap(({ message }) => message?.payload ?? []);
  }

  /** The receipts that wait in a mailbox, in order. */
  async news(device: number): Promise<ReceiptContent[]> {
    return (await this.read(device)).flatMap(({ receipt }) =>
      receipt ? [JSON.parse(receipt.json) as ReceiptContent] : [],
    );
  }

  /** How far a message has come: the states, device by device. */
  async states(from: StoredPerson, id: string): Promise<string[] | undefined> {
    const status = await this.store.receipts.status(from.account, id as MessageId);
    return status?.receipts.map(({ deviceId, state }) => `${deviceId} ${state}`);
  }

  acknowledge(device: number, seq: number, undecryptable: readonly number[] = []) {
    return this.store.mailbox.acknowledge(device, seq, undecryptable, this.now);
  }
}

/** What every store of mailboxes has to hold. @param open makes an empty one */
export function mailboxStoreContract(open: () => Promise<OpenedMailboxStore>): void {
  let store: OpenedMailboxStore;
  let driver: MailboxStoreDriver;
  let romeo: StoredPerson;
  let juliet: StoredPerson;
  let hers: number;
  let his: number;
  beforeEach(async () => {
    store = await open();
    driver = new MailboxStoreDriver(store);
    romeo = await driver.person("romeo");
    juliet = await driver.person("juliet");
    his = await driver.device(romeo);
    hers = await driver.device(juliet);
  });
  afterEach(() => store.close());

  const send = (...texts: readonly string[]) =>
    driver.submit(
      romeo,
      his,
      juliet,
      texts.map((text) => [`id-${text}`, text] as const),
    );

  describe("accept", () => {
    it("stores messages in order and gives each its place", async () => {
      const outcomes = await send("one", "two");
      expect(outcomes.map((one) => "entries" in one && one.entries)).to.deep.equal([
        [{ device: hers, seq: 1 }],
        [{ device: hers, seq: 2 }],
      ]);
      expect(await driver.texts(hers)).to.deep.equal(["one", "two"]);
      expect(await driver.states(romeo, "id-one")).to.deep.equal(["1 accepted"]);
      const [entry] = await driver.read(hers);
      expect(Buffer.from(entry?.message?.from.sealed ?? []).toString()).to.equal("sealed romeo");
      expect(Buffer.from(entry?.message?.to.sealed ?? []).toString()).to.equal("sealed juliet");
    });

    it("takes the same again for the same one, with its first time, also after it was delivered", async () => {
      await send("one");
      driver.now += 1000;
      const again = { acceptedAt: 1_000_000, isDuplicate: true, entries: [] };
      expect(await send("one")).to.deep.equal([again]);
      await driver.acknowledge(hers, 1);
      expect(await send("one")).to.deep.equal([again]);
      expect(await driver.texts(hers)).to.deep.equal([]);
    });

    it("takes the same twice in one batch for one", async () => {
      const outcomes = await send("one", "one");
      expect(outcomes.map((one) => "isDuplicate" in one && one.isDuplicate)).to.deep.equal([false, true]);
      expect(await driver.texts(hers)).to.deep.equal(["one"]);
    });

    it("refuses another message under a used id, and the same to somebody else", async () => {
      await driver.submit(romeo, his, juliet, [["a", "one"]]);
      const tybalt = await driver.person("tybalt");
      expect(await driver.submit(romeo, his, juliet, [["a", "two"]])).to.deep.equal([
        { refusal: "id-reused" },
      ]);
      expect(await driver.submit(romeo, his, tybalt, [["a", "one"]])).to.deep.equal([
        { refusal: "id-reused" },
      ]);
      expect(await driver.submit(juliet, hers, tybalt, [["a", "hers"]])).to.have.nested.property(
        "0.isDuplicate",
        false,
      );
    });

    it("refuses a number that nobody has, alone", async () => {
      const outcomes = await driver.submit(romeo, his, hashOf("nobody"), [["a", "one"]]);
      expect(outcomes).to.deep.equal([{ refusal: "no-such-number" }]);
      expect(await driver.states(romeo, "a")).to.equal(undefined);
    });

    it("does not accept from a device of another account, or one that is gone", async () => {
      const accept = (account: number, device: number) =>
        store.mailbox.accept({ account, device, resource: "" }, [], 0, LIMITS);
      expect(await accept(juliet.account, his)).to.equal(undefined);
      expect(await accept(romeo.account, 999)).to.equal(undefined);
      await store.accounts.removeDevice(romeo.jid, 1 as DeviceId, driver.now);
      expect(await accept(romeo.account, his)).to.equal(undefined);
    });

    it("refuses when the mailbox holds its most entries, and accepts when there is room again", async () => {
      const limits = { maxEntries: 2, maxBytes: 1_000_000 };
      const submit = (id: string) => driver.submit(romeo, his, juliet, [[id, id]], limits);
      await submit("a");
      await submit("b");
      expect(await submit("c")).to.deep.equal([{ refusal: "mailbox-full" }]);
      await driver.acknowledge(hers, 1);
      expect(await submit("c")).to.have.nested.property("0.isDuplicate", false);
    });

    it("refuses when the mailbox would hold too many bytes, counted as bytes", async () => {
      const limits = { maxEntries: 1000, maxBytes: 2000 };
      const submit = (id: string, text: string) => driver.submit(romeo, his, juliet, [[id, text]], limits);
      expect(await submit("a", "é".repeat(1000))).to.deep.equal([{ refusal: "mailbox-full" }]);
      expect(await submit("b", "e".repeat(1000))).to.have.nested.property("0.isDuplicate", false);
      expect(await submit("c", "e".repeat(1000))).to.deep.equal([{ refusal: "mailbox-full" }]);
      await driver.acknowledge(hers, 1);
      expect(await submit("d", "e".repeat(1000))).to.have.nested.property("0.isDuplicate", false);
    });

    it("skips one full device of several, and tells the sender", async () => {
      await driver.addDevice(juliet, 2);
      const desk = await driver.device(juliet, 2);
      const limits = { maxEntries: 1, maxBytes: 1_000_000 };
      await driver.submit(romeo, his, juliet, [["a", "one"]], limits);
      await driver.acknowledge(desk, 1);
      await driver.submit(romeo, his, juliet, [["b", "two"]], limits);
      expect(await driver.texts(hers)).to.deep.equal(["one"]);
      expect(await driver.texts(desk)).to.deep.equal(["two"]);
      expect(await driver.states(romeo, "b")).to.deep.equal(["1 expired", "2 accepted"]);
      expect((await driver.news(his)).at(-1)).to.include({ state: "expired", deviceId: 1 });
    });

    it("numbers what one batch puts into a mailbox, its messages and the receipts that come of them, through", async () => {
      await driver.addDevice(juliet, 2);
      await driver.addDevice(romeo, 2);
      const [herOther, hisOther] = [await driver.device(juliet, 2), await driver.device(romeo, 2)];
      const limits = { maxEntries: 5, maxBytes: 1_000_000 };
      const ids = ["a", "b", "c", "d", "e"];
      await driver.submit(romeo, his, juliet, [["first", "text of first"]], limits);
      await driver.acknowledge(herOther, 1);
      const batch = ids.map((id) => [id, `text of ${id}`] as const);
      expect(await driver.submit(romeo, his, juliet, batch, limits)).to.have.length(5);
      const read = await driver.read(hisOther);
      expect(read.map(({ seq }) => seq)).to.deep.equal(read.map((_, index) => index + 1));
      expect(await driver.texts(hers), "no more than the limit").to.have.length(5);
      expect(await driver.texts(herOther)).to.deep.equal(ids.map((id) => `text of ${id}`));
      expect((await driver.news(his)).at(-1)).to.deep.include({ state: "expired", ids: ["e"] });
      expect(await store.mailbox.depth()).to.include({ entries: 5 + 5 + read.length + 2 });
    });

    it("copies to the sender's other devices, for which there is no receipt", async () => {
      await driver.addDevice(romeo, 2);
      const desk = await driver.device(romeo, 2);
      await send("one");
      expect(await driver.texts(desk)).to.deep.equal(["one"]);
      expect(await driver.texts(his)).to.deep.equal([]);
      await driver.acknowledge(desk, 1);
      expect(await driver.states(romeo, "id-one")).to.deep.equal(["1 accepted"]);
      expect(await driver.texts(hers)).to.deep.equal(["one"]);
    });

    it("puts a note to oneself on one's other devices, once", async () => {
      expect(await driver.submit(romeo, his, romeo, [["a", "alone"]])).to.deep.equal([
        { refusal: "no-other-device" },
      ]);
      await driver.addDevice(romeo, 2);
      const desk = await driver.device(romeo, 2);
      await driver.submit(romeo, his, romeo, [["b", "note"]]);
      expect(await driver.texts(desk)).to.deep.equal(["note"]);
      expect(await driver.texts(his)).to.deep.equal([]);
      await driver.acknowledge(desk, 1);
      expect(await driver.states(romeo, "b")).to.deep.equal(["2 delivered"]);
    });

    it("keeps what came before the first device for the first device", async () => {
      const tybalt = await driver.person("tybalt", null);
      await driver.submit(romeo, his, tybalt, [["a", "early"]]);
      expect(await driver.states(romeo, "a")).to.deep.equal(["null accepted"]);
      await driver.addDevice(tybalt, 7);
      await driver.addDevice(tybalt, 8);
      const [seven, eight] = [await driver.device(tybalt, 7), await driver.device(tybalt, 8)];
      expect(await driver.texts(seven)).to.deep.equal(["early"]);
      expect(await driver.texts(eight)).to.deep.equal([]);
      await driver.acknowledge(seven, 1);
      expect(await driver.states(romeo, "a")).to.deep.equal(["7 delivered"]);
      expect((await driver.news(his)).at(-1)).to.include({ state: "delivered", deviceId: 7 });
    });
  });

  describe("acknowledge", () => {
    it("ends entries up to the number, tells the sender, and frees the bodies", async () => {
      await send("one", "two", "three");
      const made = await driver.acknowledge(hers, 2);
      expect(made).to.have.length(1);
      expect(made[0]).to.include({ device: his, seq: 1, state: "delivered", deviceId: 1 });
      expect(made[0]?.ids).to.deep.equal(["id-one", "id-two"]);
      expect(await driver.texts(hers)).to.deep.equal(["three"]);
    });

    it("is nothing the second time", async () => {
      await send("one");
      await driver.acknowledge(hers, 1);
      expect(await driver.acknowledge(hers, 1)).to.deep.equal([]);
      expect(await driver.news(his)).to.have.length(1);
    });

    it("ends nothing of another mailbox, and of a device that is not there", async () => {
      await send("one");
      await driver.acknowledge(his, 10);
      await driver.acknowledge(999, 10);
      expect(await driver.texts(hers)).to.deep.equal(["one"]);
    });

    it("tells of those that could not be decrypted, and may raise them later", async () => {
      await send("one", "two");
      await driver.acknowledge(hers, 2, [1]);
      expect(await driver.states(romeo, "id-one")).to.deep.equal(["1 undecryptable"]);
      expect(await driver.states(romeo, "id-two")).to.deep.equal(["1 delivered"]);
      expect((await driver.news(his)).map(({ state }) => state)).to.have.members([
        "undecryptable",
        "delivered",
      ]);
      await store.receipts.read(
        { account: juliet.account, device: hers },
        romeo.hash,
        "id-one" as MessageId,
        5,
      );
      expect(await driver.states(romeo, "id-one")).to.deep.equal(["1 read"]);
    });

    it("puts at most 100 messages into one receipt", async () => {
      await send(...Array.from({ length: 250 }, (_, index) => String(index)));
      await driver.acknowledge(hers, 250);
      expect((await driver.news(his)).map(({ ids }) => ids.length)).to.deep.equal([100, 100, 50]);
      const ids = (await driver.news(his)).flatMap((one) => one.ids);
      expect(new Set(ids).size).to.equal(250);
    });

    it("tells every device of the sender", async () => {
      await driver.addDevice(romeo, 2);
      const desk = await driver.device(romeo, 2);
      await send("one");
      await driver.acknowledge(hers, 1);
      for (const device of [his, desk]) expect(await driver.news(device)).to.have.length(1);
    });
  });

  describe("read", () => {
    it("answers entries after a number, as many and as large as asked for, and at least one", async () => {
      await send("one", "two", "three");
      const seqs = async (after: number, entries: number, bytes: number) =>
        (await store.mailbox.read(hers, after, entries, bytes)).map(({ seq }) => seq);
      expect(await seqs(1, 10, LAST)).to.deep.equal([2, 3]);
      expect(await seqs(0, 2, LAST)).to.deep.equal([1, 2]);
      expect(await seqs(0, 10, 1)).to.deep.equal([1]);
      expect(await seqs(3, 10, LAST)).to.deep.equal([]);
    });
  });

  describe("attach", () => {
    it("opens the mailbox of the device whose key it is, and no other", async () => {
      expect(await driver.attach(juliet)).to.include({ device: hers, account: juliet.account });
      expect(await driver.attach(juliet, 1, 0, hashOf("another key"))).to.equal(undefined);
      expect(await driver.attach(juliet, 2)).to.equal(undefined);
      expect(await driver.attach({ ...juliet, jid: "nobody@example.org" })).to.equal(undefined);
    });

    it("opens by a token of this device until it is revoked, not by one of a device that had its id before", async () => {
      const byToken = (mailbox: number, tokenGeneration: number) =>
        store.mailbox.attach({
          account: juliet.jid,
          fullJid: `${juliet.jid}/1`,
          deviceId: 1 as DeviceId,
          proof: { mailbox, tokenGeneration },
          last: 0,
          now: 0,
        });
      expect(await byToken(hers, 0)).to.include({ device: hers });
      expect(await byToken(hers, 1)).to.equal(undefined);
      await store.mailbox.revokeTokens(hers);
      expect(await byToken(hers, 0)).to.equal(undefined);
      expect(await byToken(hers, 1)).to.include({ device: hers });
      await store.accounts.removeDevice(juliet.jid, 1 as DeviceId, 0);
      await driver.addDevice(juliet, 1);
      expect(await byToken(hers, 1)).to.equal(undefined);
      expect(await byToken(hers, 0)).to.equal(undefined);
    });

    it("acknowledges what the device has", async () => {
      await send("one", "two");
      expect((await driver.attach(juliet, 1, 1))?.receipts.map(({ ids }) => ids)).to.deep.equal([["id-one"]]);
      expect(await driver.texts(hers)).to.deep.equal(["two"]);
    });

    it("numbers what waits behind what the device has when the store is the older", async () => {
      await send("one", "two", "three");
      await driver.acknowledge(hers, 1);
      expect(await driver.attach(juliet, 1, 100)).to.include({ acknowledged: 100 });
      expect((await driver.read(hers)).map(({ seq, message }) => [seq, message?.payload])).to.deep.equal([
        [101, "two"],
        [102, "three"],
      ]);
      const [outcome] = await send("four");
      expect(outcome).to.have.nested.property("entries.0.seq", 103);
      await driver.acknowledge(hers, 103);
      expect(await driver.states(romeo, "id-two")).to.deep.equal(["1 delivered"]);
    });

    it("numbers an empty mailbox on too", async () => {
      await driver.attach(juliet, 1, 50);
      expect(await send("one")).to.have.nested.property("0.entries.0.seq", 51);
    });

    it("sets the first entry aside after five deliveries in vain, and tells the sender", async () => {
      await send("poison", "fine");
      const opened = [];
      for (let round = 0; round < 6; round += 1) {
        const { isCautious, hasSetAside } = (await driver.attach(juliet)) ?? {};
        opened.push([isCautious, hasSetAside]);
        await store.mailbox.countHead(hers, 1);
      }
      const [early, cautious] = [
        [false, false],
        [true, false],
      ];
      expect(opened).to.deep.equal([early, early, cautious, cautious, cautious, [false, true]]);
      expect(await driver.texts(hers)).to.deep.equal(["fine"]);
      expect(await driver.states(romeo, "id-poison")).to.deep.equal(["1 expired"]);
    });

    it("remembers who was attached, until that full JID is detached", async () => {
      const attached = async () => JSON.stringify(await store.mailbox.attached());
      expect(await attached()).to.include("juliet@example.org/1");
      await store.mailbox.detach(hers, "juliet@example.org/an-earlier-one");
      expect(await attached()).to.include("juliet@example.org/1");
      await store.mailbox.detach(hers, "juliet@example.org/1");
      expect(await attached()).not.to.include("juliet@example.org/1");
    });
  });

  describe("read receipts", () => {
    const read = (reader: StoredPerson, device: number, sender: StoredPerson, id: string) =>
      store.receipts.read({ account: reader.account, device }, sender.hash, id as MessageId, driver.now);

    it("are told to the sender once, and never step back", async () => {
      await send("one");
      expect(await read(juliet, hers, romeo, "id-one")).to.have.length(1);
      expect(await read(juliet, hers, romeo, "id-one")).to.deep.equal([]);
      await driver.acknowledge(hers, 1);
      expect(await driver.states(romeo, "id-one")).to.deep.equal(["1 read"]);
      expect((await driver.news(his)).map(({ state }) => state)).to.deep.equal(["read"]);
    });

    it("are taken only from whom the message went to", async () => {
      await send("one");
      const tybalt = await driver.person("tybalt");
      expect(await read(tybalt, await driver.device(tybalt), romeo, "id-one")).to.equal(undefined);
      expect(await read(romeo, his, romeo, "id-one")).to.equal(undefined);
      expect(await read(juliet, hers, tybalt, "id-one")).to.equal(undefined);
      expect(await read(juliet, his, romeo, "id-one")).to.equal(undefined);
      expect(await read(juliet, hers, romeo, "id-two")).to.equal(undefined);
      expect(await driver.states(romeo, "id-one")).to.deep.equal(["1 accepted"]);
    });

    it("and the status of a message are for its sender alone", async () => {
      await send("one");
      expect(await driver.states(juliet, "id-one")).to.equal(undefined);
    });
  });

  describe("retention", () => {
    const expire = async (before: number) => {
      let expired = 0;
      for (;;) {
        const done = await store.mailbox.expire(before, driver.now);
        expired += done.expired;
        if (!done.hasMore) return expired;
      }
    };
    const endOrphans = async () => {
      let expired = 0;
      for (;;) {
        const done = await store.mailbox.endOrphans(driver.now);
        expired += done.expired;
        if (!done.hasMore) return expired;
      }
    };

    it("ends what waited too long, and nothing younger, and tells the sender", async () => {
      await send("old");
      driver.now += 1000;
      await send("young");
      expect(await expire(driver.now)).to.equal(1);
      expect(await driver.texts(hers)).to.deep.equal(["young"]);
      expect(await driver.states(romeo, "id-old")).to.deep.equal(["1 expired"]);
      expect((await driver.news(his)).map(({ state, ids }) => [state, ids])).to.deep.equal([
        ["expired", ["id-old"]],
      ]);
    });

    it("ends more than one turn of old entries", async () => {
      await send(...Array.from({ length: 900 }, (_, index) => String(index)));
      driver.now += 1000;
      expect(await expire(driver.now)).to.equal(900);
      expect(await driver.texts(hers)).to.deep.equal([]);
    });

    it("ends what waited for a device that was removed", async () => {
      await driver.addDevice(juliet, 2);
      await send("one");
      await store.accounts.removeDevice(juliet.jid, 1 as DeviceId, driver.now);
      expect(await endOrphans()).to.equal(1);
      expect(await driver.states(romeo, "id-one")).to.deep.equal(["1 expired", "2 accepted"]);
      expect(await driver.texts(await driver.device(juliet, 2))).to.deep.equal(["one"]);
    });

    it("ends what waited for the earlier owner of a number; the new one gets none of it", async () => {
      await send("for the first");
      const second = await driver.person("juliet", 1, "another@example.org");
      const device = await driver.device(second);
      expect(await endOrphans()).to.equal(1);
      expect(await driver.states(romeo, "id-for the first")).to.deep.equal(["1 expired"]);
      expect(await driver.texts(device)).to.deep.equal([]);
      await send("for the second");
      expect(await driver.texts(device)).to.deep.equal(["for the second"]);
      const read = store.receipts.read(
        { account: second.account, device },
        romeo.hash,
        "id-for the first" as MessageId,
        0,
      );
      expect(await read).to.equal(undefined);
    });

    it("still delivers what somebody sent whose number is gone", async () => {
      await send("last words");
      await store.accounts.unlink(romeo.jid);
      await endOrphans();
      expect(await driver.texts(hers)).to.deep.equal(["last words"]);
      expect(await driver.acknowledge(hers, 1)).to.deep.equal([]);
    });

    it("forgets messages that are over, never one that waits", async () => {
      await send("over", "waiting");
      await driver.acknowledge(hers, 1);
      expect(await store.mailbox.forget(driver.now + 1)).to.equal(false);
      expect(await driver.states(romeo, "id-over")).to.equal(undefined);
      expect(await driver.states(romeo, "id-waiting")).to.deep.equal(["1 accepted"]);
      expect(await driver.texts(hers)).to.deep.equal(["waiting"]);
    });

    it("forgets numbers that nothing speaks of any more", async () => {
      await send("one");
      await store.accounts.unlink(romeo.jid);
      await store.mailbox.forgetNumbers();
      expect((await driver.read(hers))[0]?.message?.from.id).to.be.a("number");
      await driver.acknowledge(hers, 1);
      await store.mailbox.forget(driver.now + 1);
      await store.mailbox.forgetNumbers();
      expect(await store.accounts.findByNumber(romeo.hash)).to.equal(undefined);
      expect(await store.accounts.findByNumber(juliet.hash)).to.include({ jid: juliet.jid });
    });

    it("counts what waits", async () => {
      await send("one", "two");
      expect(await store.mailbox.depth()).to.include({ entries: 2, waiting: 1, fullest: 2 });
      await driver.acknowledge(hers, 2);
      expect(await store.mailbox.depth()).to.include({ entries: 1, waiting: 1, fullest: 1 });
    });
  });
}
