import { expect } from "chai";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { AccountOperations } from "../../../component/accounts/store.js";
import type { AdminOperations } from "../../../component/admin/store.js";
import { storeModules } from "../../../component/app.js";
import { MAX_APPS, type AppMailbox, type AppOperations } from "../../../component/apps/store.js";
import type { StoredOutcome } from "../../../component/mailbox/accept-store.js";
import type { MailboxOperations } from "../../../component/mailbox/store.js";
import { Store } from "../../../component/store/store.js";
import type { Remote } from "../../../component/store/operations.js";
import type { DeviceId, MessageId } from "../../../src/ids.js";
import { temporaryFolder } from "../../support/prosody.js";

const LIMITS = { maxEntries: 1000, maxBytes: 1_000_000 };
const ROMEO = "romeo@example.org";
const JULIET = "juliet@example.org";
const hashOf = (jid: string): Buffer => Buffer.from(jid.padEnd(32));

describe("the store of apps", () => {
  let folder: string;
  let store: Store;
  let apps: Remote<AppOperations>;
  let mailbox: Remote<MailboxOperations>;
  let accounts: Remote<AccountOperations>;
  let romeo: AppMailbox;
  let next = 0;
  beforeEach(async () => {
    folder = temporaryFolder();
    store = await Store.open(join(folder, "test.db"), storeModules());
    apps = store.of("apps");
    mailbox = store.of("mailbox");
    accounts = store.of("accounts");
    await link(ROMEO);
    romeo = await seen("phone", 0, ROMEO);
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const link = (jid: string, deviceId?: number) =>
    accounts.create({
      jid,
      numberHash: hashOf(jid),
      numberSealed: Buffer.from(jid),
      isMadeHere: false,
      pinHash: null,
      device:
        deviceId === undefined ? undefined : { deviceId: deviceId as DeviceId, keyHash: Buffer.alloc(32) },
      now: 0,
    });
  const seen = async (resource: string, now = 0, account = JULIET): Promise<AppMailbox> => {
    const found = await apps.seen({ account, resource, now });
    if (!found) throw new Error("no such account");
    return found;
  };
  const say = async (
    text: string,
    wantsReceipt = true,
  ): Promise<{ id: MessageId; outcome: StoredOutcome }> => {
    const id = `m${++next}` as MessageId;
    const app = { wantsReceipt, wantsMarker: false, stanzaId: null };
    const one = { id, toHash: hashOf(JULIET), payload: text, digest: Buffer.from(text), app };
    const result = await mailbox.accept({ ...romeo, resource: "r" }, [one], 1, LIMITS);
    return { id, outcome: result?.outcomes[0] as StoredOutcome };
  };
  const waiting = async ({ device }: AppMailbox): Promise<(string | undefined)[]> =>
    (await mailbox.read(device, 0, 1000, 1_000_000)).map(({ message }) => message?.payload);

  it("gives nobody a mailbox to whom no number belongs", async () => {
    expect(await apps.seen({ account: "tybalt@example.org", resource: "a", now: 0 })).to.equal(undefined);
  });

  it("gives the first app what waited for it", async () => {
    await link(JULIET);
    await say("one");
    await say("two");
    expect(await waiting(await seen("phone"))).to.deep.equal(["one", "two"]);
  });

  it("begins a further app with what no device has acknowledged, and nothing else", async () => {
    await link(JULIET);
    const phone = await seen("phone");
    await say("taken");
    await say("waiting");
    await apps.end(phone.device, [1], 2);
    const desk = await seen("desk");
    expect(await waiting(desk)).to.deep.equal(["waiting"]);
    expect(await waiting(phone)).to.deep.equal(["waiting"]);
    await apps.end(phone.device, [2], 3);
    expect(await waiting(desk)).to.deep.equal(["waiting"]);
    await say("both");
    expect(await waiting(desk)).to.deep.equal(["waiting", "both"]);
  });

  it("tells the app that sent a message once, however many devices take it", async () => {
    await link(JULIET, 7);
    const [phone, desk] = [await seen("phone"), await seen("desk")];
    const { id } = await say("hello");
    const first = await apps.end(phone.device, [1], 2);
    expect(first.filter(({ device }) => device === romeo.device).map(({ ids }) => ids)).to.deep.equal([[id]]);
    const second = await apps.end(desk.device, [1], 3);
    expect(second.filter(({ device }) => device === romeo.device)).to.deep.equal([]);
  });

  it("tells it nothing that it has not asked for, and always that nobody could take it", async () => {
    await link(JULIET);
    const phone = await seen("phone");
    await say("quiet", false);
    expect(await apps.end(phone.device, [1], 2)).to.deep.equal([]);
    const { id } = await say("garbled", false);
    const told = await apps.refuse(phone.device, [2], 3);
    expect(told.map(({ device, state, ids }) => ({ device, state, ids }))).to.deep.equal([
      { device: romeo.device, state: "undecryptable", ids: [id] },
    ]);
  });

  it("copies nothing to the sender's other apps: that is for the carbons of their server", async () => {
    await link(JULIET);
    const desk = await seen("desk", 0, ROMEO);
    await say("hello");
    expect(await waiting(desk)).to.deep.equal([]);
  });

  it("sets the first entry aside that an app did not outlive five times, and no other", async () => {
    await link(JULIET);
    const { device } = await seen("phone");
    const { id } = await say("poison");
    await say("harmless");
    await apps.sentOnce(device, 2);
    const returns = [];
    for (let time = 0; time < 6; time += 1) returns.push(await apps.sendAgain(device, 10 + time));
    expect(returns.map(({ hasSetAside }) => hasSetAside)).to.deep.equal([
      false,
      false,
      false,
      false,
      true,
      false,
    ]);
    expect(returns.map(({ isCautious }) => isCautious)).to.deep.equal([
      false,
      true,
      true,
      true,
      false,
      false,
    ]);
    const [receipt] = returns[4]?.receipts ?? [];
    expect(receipt).to.deep.include({ device: romeo.device, state: "expired", ids: [id] });
    expect((await mailbox.read(device, 0, 10, 10_000)).map(({ message }) => message?.payload)).to.deep.equal([
      "harmless",
    ]);
    const [kept] = await store.of<AdminOperations>("admin").setAside(0, 10);
    expect(kept).to.include({ messageId: id, account: JULIET });
  });

  it("sets nothing aside that the app was there after, until the server says that it did not arrive", async () => {
    await link(JULIET);
    const { device } = await seen("phone");
    await say("shown");
    await apps.sentOnce(device, 1);
    await apps.answered(device, 1);
    for (let time = 0; time < 6; time += 1)
      expect(await apps.sendAgain(device, 10 + time)).to.include({ hasSetAside: false, isCautious: false });
    expect(await apps.tries(device)).to.include({ answered: 1 });
    await apps.notSent(device, 1);
    expect(await apps.tries(device)).to.include({ answered: 0 });
  });

  it("ends entries wherever they stand, and takes each for ended once", async () => {
    await link(JULIET);
    const phone = await seen("phone");
    for (const text of ["one", "two", "three"]) await say(text);
    await apps.end(phone.device, [2], 2);
    expect(await waiting(phone)).to.deep.equal(["one", "three"]);
    expect(await apps.end(phone.device, [2], 3)).to.deep.equal([]);
  });

  it("keeps so many apps an account, and lets go of the one unseen for longest", async () => {
    await link(JULIET, 7);
    for (let index = 0; index < MAX_APPS; index += 1) await seen(`app${index}`, index);
    await seen("app0", 100);
    await seen("one more", 101);
    expect(await apps.find(JULIET, "app1")).to.equal(undefined);
    expect(await apps.find(JULIET, "app0")).not.to.equal(undefined);
  });

  it("forgets apps that were not seen, and leaves the account a mailbox with what waits in it", async () => {
    await link(JULIET);
    await seen("phone", 10);
    await say("waiting");
    await seen("desk", 20);
    expect(await apps.forgetUnseen(15, 30)).to.equal(false);
    expect(await apps.find(JULIET, "phone")).to.equal(undefined);
    await apps.forgetUnseen(25, 30);
    expect(await apps.find(JULIET, "desk")).to.equal(undefined);
    expect(await waiting(await seen("new", 40))).to.deep.equal(["waiting"]);
  });

  it("remembers how often entries went, until the server says that there was nobody", async () => {
    await link(JULIET);
    const { device } = await seen("phone");
    const { id } = await say("one");
    await say("two");
    expect(await apps.tries(device)).to.deep.equal({ once: 0, twice: 0, answered: 0, hasUnconfirmed: false });
    await apps.sentOnce(device, 2);
    // That they are about to go does not mean that they have gone
    await apps.sendAgain(device, 3);
    expect(await apps.tries(device)).to.deep.equal({ once: 2, twice: 0, answered: 0, hasUnconfirmed: true });
    await apps.sentTwice(device, 3);
    expect(await apps.tries(device)).to.deep.equal({ once: 2, twice: 2, answered: 0, hasUnconfirmed: true });
    const returned = { account: JULIET, resource: "phone", senderHash: hashOf(ROMEO), id };
    await apps.notSentById(returned);
    expect(await apps.tries(device)).to.deep.equal({ once: 0, twice: 0, answered: 0, hasUnconfirmed: false });
  });

  it("is no device that a further one of the account takes for its own", async () => {
    await link(JULIET);
    await seen("phone");
    await say("for the app");
    await accounts.addDevice(JULIET, { deviceId: 7 as DeviceId, keyHash: Buffer.alloc(32) }, 1);
    expect(await waiting(await seen("phone"))).to.deep.equal(["for the app"]);
    await accounts.removeDevice(JULIET, 7 as DeviceId, 2);
    expect(await waiting(await seen("phone"))).to.deep.equal(["for the app"]);
  });
});
