import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";
import type { AccountOperations } from "../../../component/accounts/store.js";
import type { AppOperations } from "../../../component/apps/store.js";
import type { ChatOperations } from "../../../component/chat/store.js";
import type { ContactOperations } from "../../../component/contacts/store.js";
import type { DirectoryOperations } from "../../../component/directory/store.js";
import type { FederationOperations } from "../../../component/federation/store.js";
import { adminToken } from "../../../component/http/admin-token.js";
import type { LinkingOperations } from "../../../component/linking/store.js";
import { Vault } from "../../../component/store/vault.js";
import { formatStamp } from "../../../src/clock.js";
import { phoneNumber } from "../../../src/phone-number.js";
import type { MessageId } from "../../../src/ids.js";
import { RawDevice } from "../../support/raw-device.js";
import { setEntryAside } from "../../support/set-aside.js";
import { until } from "../../support/until.js";
import { useWorld, type World } from "../../support/world.js";
import { withDatabase } from "./traces.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";
const BODY = "But soft, what light";

describe("Administration", function () {
  this.timeout(60_000);
  const world = useWorld();
  let romeo: RawDevice;
  let juliet: RawDevice;
  let count = 0;

  beforeEach(async () => {
    count += 1;
    romeo = await RawDevice.online(await world().person(`${ROMEO}${count}`, `romeo${count}`));
    juliet = await RawDevice.online(await world().person(`${JULIET}${count}`, `juliet${count}`));
  });
  afterEach(() => Promise.all([romeo.stop(), juliet.stop()]));

  describe("an entry that is set aside", () => {
    it("is listed with its ids, size and ages, and without its body", async () => {
      const id = await setAside();
      const [entry] = await entries();
      expect(entry).to.include({ kind: "message", messageId: id, account: `juliet${count}@example.org` });
      expect(entry).to.include({ deviceId: juliet.credentials.deviceId });
      expect(entry?.sizeBytes).to.be.above(BODY.length);
      expect(entry?.setAsideAt).to.be.at.least(entry?.enteredAt as number);
      expect(JSON.stringify(entry)).not.to.contain(BODY);
      expect(await metric("twotick_set_aside_entries")).to.equal(1);
      expect(await ask("POST", `set-aside/${entry?.id}/drop`)).to.equal(200);
    });

    it("is delivered again to a device that is attached, and its sender is told", async () => {
      const id = await setAside();
      const [entry] = await entries();
      juliet.isAcknowledging = true;
      juliet.entries.length = 0;
      expect(await ask("POST", `set-aside/${entry?.id}/retry`)).to.equal(200);
      await until("it has arrived", () => juliet.messages.some((message) => message.id === id));
      expect(juliet.messages.find((message) => message.id === id)?.payload).to.contain(BODY);
      await romeo.receipt(id, "delivered");
      expect(await entries()).to.deep.equal([]);
      expect(await ask("POST", `set-aside/${entry?.id}/retry`)).to.equal(404);
    });

    it("is gone with its body when it is dropped", async () => {
      await setAside();
      const [entry] = await entries();
      expect(stored(world())).to.contain(BODY);
      expect(await ask("POST", `set-aside/${entry?.id}/drop`)).to.equal(200);
      expect(await entries()).to.deep.equal([]);
      await until("the log is emptied", () => !stored(world()).includes(BODY), 10_000);
    });

    it("can only be dropped when its device is gone", async () => {
      await setAside();
      const [entry] = await entries();
      await world().withStore((store) =>
        store
          .of<AccountOperations>("accounts")
          .removeDevice(`juliet${count}@example.org`, juliet.credentials.deviceId, Date.now()),
      );
      expect(await ask("POST", `set-aside/${entry?.id}/retry`)).to.equal(409);
      expect(await ask("POST", `set-aside/${entry?.id}/drop`)).to.equal(200);
    });
  });

  describe("everything about a number", () => {
    it("is exported: account, devices, messages and what waits", async () => {
      juliet.isAcknowledging = false;
      const id = await romeo.say(juliet.numberJid, BODY);
      const number = `${JULIET}${count}`;
      const lines = await exported(number);
      expect(lines.map(({ type }) => type)).to.deep.equal(["number", "account", "device", "message"]);
      expect(lines[1]).to.include({ jid: `juliet${count}@example.org`, hasPin: false });
      expect(lines[2]).to.include({ waitingEntries: 1 });
      expect(lines[3]).to.include({ id, from: `${ROMEO}${count}` });
      expect(String(lines[3]?.["payload"])).to.contain(BODY);
      expect((await send("POST", "export", { number: "+15559876543" })).status).to.equal(404);
    });

    it("is exported with settings, contacts, blocks and apps, and without what others decided", async () => {
      const [romeoJid, julietJid] = [ROMEO, JULIET].map((number) => `${number}${count}`) as [string, string];
      const [mine, theirs] = ["juliet", "romeo"].map((name) => `${name}${count}@example.org`) as [
        string,
        string,
      ];
      const vault = new Vault(Buffer.from(world().config.store.key, "base64"));
      const hashOf = (number: string) => vault.hashNumber(phoneNumber(number));
      // The component writes a moment later that somebody has come, over what is written here
      const isSeen = async (): Promise<boolean> =>
        (await exported(julietJid)).some(({ type, isOnline }) => type === "last-seen" && isOnline === true);
      await until("it is kept that juliet is there", isSeen);
      await world().withStore(async (store) => {
        const contacts = store.of<ContactOperations>("contacts");
        const audience = { presence: "everyone", lastSeen: "nobody", profile: "contacts" } as const;
        await contacts.changeSettings(mine, audience);
        await contacts.changeSubscription({
          type: "subscribe",
          jid: mine,
          toHash: hashOf(romeoJid),
          now: 1_000,
        });
        await contacts.changeSubscription({
          type: "subscribed",
          jid: theirs,
          toHash: hashOf(julietJid),
          now: 2_000,
        });
        const numberSealed = vault.sealNumber(phoneNumber("+15551239999"));
        const blocked = { numberHash: hashOf("+15551239999"), numberSealed, isBlocked: true, now: 3_000 };
        await contacts.block({ jid: mine, place: "here", ...blocked });
        await contacts.noteSightings([{ jid: mine, isOnline: false, at: 4_000 }]);
        await store.of<AppOperations>("apps").seen({ account: mine, resource: "phone", now: 5_000 });
      });
      const lines = await exported(julietJid);
      const of = (kind: string) => lines.filter(({ type }) => type === kind);
      expect(of("privacy")).to.deep.equal([
        { type: "privacy", presence: "everyone", lastSeen: "nobody", profile: "contacts" },
      ]);
      const at = (seconds: number): string => formatStamp(seconds * 1000);
      expect(of("relation")).to.deep.equal([
        { type: "relation", to: romeoJid, isSubscribed: true, askedAt: at(1) },
      ]);
      expect(of("block")).to.deep.equal([
        { type: "block", number: "+15551239999", isHere: true, isOnHost: false, at: at(3) },
      ]);
      expect(of("last-seen")).to.deep.equal([{ type: "last-seen", isOnline: false, at: at(4) }]);
      expect(of("device").map(({ resource }) => resource)).to.deep.equal([null, "phone"]);
    });

    it("is exported with strangers, look-ups, a linking and an invitation, without session and link", async () => {
      const mine = `juliet${count}@example.org`;
      const number = `${JULIET}${count}`;
      const vault = vaultOf(world());
      await world().withStore(async (store) => {
        const strangers = store.of<FederationOperations>("federation");
        await strangers.setWelcome(mine, true);
        await strangers.answered(mine, vault.keyedHash("test", "somebody"), 1_000);
        await strangers.answered(mine, vault.keyedHash("test", "tybalt"), 1_000);
        const sealed = vault.seal("linking", Buffer.from("session +15551239998"));
        await store.of<LinkingOperations>("linking").keep(mine, sealed, 2_000);
        await store.of<ChatOperations>("chat").takeHint(mine, 3_000);
        const hashes = ["+15551239997", "+15551239996"].map((one) => vault.hashNumber(phoneNumber(one)));
        const quota = { burst: 9, everySeconds: 1 };
        const lookUp = { account: mine, hashes, isTold: true, quota, now: 4_000 };
        await store.of<DirectoryOperations>("directory").lookUp(lookUp);
      });
      withDatabase(world(), (database) => {
        // Something of one of them is still here
        database
          .prepare("INSERT INTO numbers (hash, sealed) VALUES (?, ?)")
          .run(vault.keyedHash("test", "tybalt"), vault.sealLocalpart("tybalt\\40example.net"));
        database
          .prepare("INSERT INTO invitations SELECT id, ?, 5000, 6000, 7000 FROM accounts WHERE jid = ?")
          .run(Buffer.from("link"), mine);
      });
      const at = (seconds: number): string => formatStamp(seconds * 1000);
      const lines = await exported(number);
      expect(lines.slice(lines.findIndex(({ type }) => type === "device") + 1)).to.have.deep.members([
        { type: "strangers", areWelcome: true },
        { type: "stranger", answeredAt: at(1), address: null },
        { type: "stranger", answeredAt: at(1), address: "tybalt\\40example.net" },
        { type: "look-ups", numbers: 2, newestAt: at(4) },
        { type: "linking", number: "+15551239998", expiresAt: at(2) },
        { type: "invitation", expiresAt: at(5), seenAt: at(7) },
        { type: "chat-hint", at: at(3) },
      ]);
    });

    it("leaves everybody else's things as they were", async () => {
      juliet.isAcknowledging = false;
      await romeo.say(juliet.numberJid, BODY);
      const other = await RawDevice.online(await world().person(`+1555123003${count}`, `nurse${count}`));
      await other.say(juliet.numberJid, "from the nurse");
      await send("POST", "delete", { number: `${ROMEO}${count}`, isAtOnce: true });
      juliet.isAcknowledging = true;
      juliet.entries.length = 0;
      await juliet.attach();
      expect(await juliet.texts(1)).to.deep.equal(["from the nurse"]);
      await other.stop();
    });
  });

  it("removes a forgotten PIN", async () => {
    const pinOf = async () =>
      world().withStore((store) =>
        store.of<AccountOperations>("accounts").findByJid(`juliet${count}@example.org`),
      );
    await world().withStore((store) =>
      store.of<AccountOperations>("accounts").setPin(`juliet${count}@example.org`, Buffer.alloc(48)),
    );
    expect((await pinOf())?.pinHash).not.to.equal(null);
    expect((await send("POST", "pin-reset", { number: `${JULIET}${count}` })).status).to.equal(200);
    expect((await pinOf())?.pinHash).to.equal(null);
  });

  it("wants the admin's token", async () => {
    for (const authorization of ["", "Bearer ", `Bearer ${"A".repeat(43)}`])
      for (const path of ["set-aside", "set-aside?after=0"])
        expect((await send("GET", path, undefined, { authorization })).status).to.equal(401);
    expect((await send("POST", "delete", { number: ROMEO }, { authorization: "" })).status).to.equal(401);
  });

  it("refuses what is no id and no number", async () => {
    expect(await ask("POST", "set-aside/x/retry")).to.equal(400);
    expect((await send("POST", "delete", { number: "123" })).status).to.equal(400);
    expect((await send("POST", "delete", { numbers: [] })).status).to.equal(400);
  });

  const setAside = (): Promise<MessageId> =>
    setEntryAside(romeo, juliet, BODY, async () => (await entries()).length > 0);

  async function send(
    method: string,
    path: string,
    content?: object,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const authorization = `Bearer ${adminToken(vaultOf(world()))}`;
    const type: Record<string, string> = content ? { "content-type": "application/json" } : {};
    return fetch(`http://127.0.0.1:${world().app.httpPort}/admin/v1/${path}`, {
      method,
      headers: { authorization, ...type, ...headers },
      ...(content ? { body: JSON.stringify(content) } : {}),
    });
  }

  const exported = async (number: string): Promise<Record<string, unknown>[]> =>
    (await (await send("POST", "export", { number })).text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  const ask = async (method: string, path: string) => (await send(method, path)).status;

  async function entries() {
    const { entries } = (await (await send("GET", "set-aside")).json()) as {
      entries: Record<string, number>[];
    };
    return entries;
  }

  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${world().app.httpPort}/metrics`)).text();
    return Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
  }
});

function vaultOf(world: World): Vault {
  return new Vault(Buffer.from(world.config.store.key, "base64"));
}

function storedBytes(world: World): Buffer {
  const { path } = world.config.store;
  return Buffer.concat([path, `${path}-wal`].filter(existsSync).map((file) => readFileSync(file)));
}

function stored(world: World): string {
  return storedBytes(world).toString("latin1");
}
