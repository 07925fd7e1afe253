import { expect } from "chai";
import { addAccount } from "../support/prosody.js";
import { xml } from "../../src/xml.js";
import type { Availability } from "../../component/availability/mod.js";
import { OnlineResources } from "../../component/availability/online-resources.js";
import { createAvailability } from "../../component/availability/mod.js";
import { Link } from "../../component/link/mod.js";
import { createLog } from "../../component/log.js";
import { systemClock } from "../../src/clock.js";
import { Jid } from "../../src/jid.js";
import { attribute } from "../../src/xml.js";
import { CapsApp, type CapsAppOptions } from "../support/caps-app.js";
import { useProsody } from "../support/prosody.js";
import { newDeviceKey, type DeviceCredentials } from "../support/raw-device.js";
import { newDeviceId } from "../../src/ids.js";
import { until } from "../support/until.js";

describe("Availability, by a real server", () => {
  const prosody = useProsody();
  const open: { stop(): Promise<void> }[] = [];
  let next = 0;
  const person = async (): Promise<DeviceCredentials> => {
    const username = `person${++next}`;
    await addAccount(prosody(), username, "secret");
    const { service, host: domain, componentDomain: numberDomain } = prosody();
    const rest = {
      number: `+1555123000${next}`,
      password: "secret",
      deviceId: newDeviceId(),
      key: newDeviceKey(),
    };
    return { service, domain, numberDomain, username, ...rest };
  };
  const app = async (who: DeviceCredentials, options?: CapsAppOptions): Promise<CapsApp> => {
    const one = await CapsApp.online(who, options);
    open.push(one);
    return one;
  };
  const bare = ({ username, domain }: DeviceCredentials): string => `${username}@${domain}`;

  /** A roll on a link of its own, with these accounts in its store. */
  async function roll(...stored: DeviceCredentials[]): Promise<Availability & { news: string[] }> {
    const {
      interface: host,
      componentPort: port,
      componentDomain: domain,
      componentSecret: secret,
    } = prosody();
    const link = new Link({ host, port, domain, secret, clock: systemClock });
    const ports = { link, clock: systemClock, log: createLog("silent") };
    const online = new OnlineResources({ host: prosody().host, ...ports });
    const rows = stored.map((who, index) => ({ id: index + 1, jid: bare(who) }));
    const accounts = { page: async (after: number) => rows.filter(({ id }) => id > after) };
    const capability = createAvailability(online, { domain, ...ports, accounts: accounts as never });
    link.onStanza = (element) => {
      const [from, to] = [
        Jid.parse(attribute(element, "from") ?? ""),
        Jid.parse(attribute(element, "to") ?? ""),
      ];
      if (element.name === "presence")
        capability.onPresence?.({ element, from, to, type: attribute(element, "type") });
    };
    link.on("error", () => {});
    link.on("online", () => capability.onOnline?.());
    await link.start();
    open.push(link);
    const news: string[] = [];
    online.onAvailable(({ jid }, isNew) => void news.push(`${isNew ? "+" : "="} ${jid}`));
    online.onUnavailable((jid, isLost) => void news.push(`${isLost ? "?" : "-"} ${jid}`));
    return Object.assign(online, { news });
  }

  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.stop()));
  });

  it("knows who logs in, what changes and who leaves, without anybody's doing", async () => {
    const online = await roll();
    const juliet = await app(await person(), { resource: "balcony" });
    const jid = `${bare(juliet.credentials)}/balcony`;
    await until("her coming", () => online.isAvailable(jid));
    await juliet.show(
      undefined,
      xml("show", {}, "dnd"),
      xml("status", {}, "asleep"),
      xml("priority", {}, "-7"),
    );
    await until("the change", () => online.resourcesOf(bare(juliet.credentials))[0]?.show === "dnd");
    expect(online.resourcesOf(bare(juliet.credentials))[0]).to.include({
      jid,
      priority: -7,
      status: "asleep",
    });
    await juliet.stop();
    await until("her leaving", () => !online.isAvailable(jid));
    expect(online.news).to.deep.equal([`+ ${jid}`, `= ${jid}`, `- ${jid}`]);
    expect(online.resourcesOf(bare(juliet.credentials))).to.deep.equal([]);
  });

  it("asks who of those with a number is online when the link comes up", async () => {
    const who = await person();
    const juliet = await app(who, { resource: "balcony" });
    const away = await person();
    const online = await roll(who, away);
    await until("the answer", () => online.isAvailable(`${bare(who)}/balcony`));
    expect(online.resourcesOf(bare(away))).to.deep.equal([]);
    await juliet.stop();
  });

  it("learns the features of an app from its caps, and asks one of each kind", async () => {
    const online = await roll();
    const apps = [
      await app(await person(), { features: ["urn:a"] }),
      await app(await person(), { features: ["urn:a"] }),
    ];
    const jids = apps.map(({ connection }) => String(connection.jid));
    await until("both", () => jids.every((jid) => online.isAvailable(jid)));
    const features = await Promise.all(jids.map((jid) => online.featuresOf(jid)));
    for (const one of features) expect([...(one ?? [])]).to.include("urn:a");
    await Promise.all(jids.map((jid) => online.featuresOf(jid)));
    expect(apps.map(({ asked }) => asked).reduce((sum, one) => sum + one)).to.equal(1);
  });

  it("takes a hash that the answer does not have for nobody else's", async () => {
    const online = await roll();
    const honest = await app(await person(), { features: ["urn:a"] });
    const ver = /ver="([^"]+)"/.exec(String(honest.caps()))?.[1] ?? "";
    const liar = await app(await person(), { features: ["urn:b"], ver });
    const [of, other] = [liar, honest].map(({ connection }) => String(connection.jid));
    await until("both", () => [of, other].every((jid) => online.isAvailable(jid ?? "")));
    expect([...((await online.featuresOf(of ?? "")) ?? [])]).to.include("urn:b");
    expect([...((await online.featuresOf(other ?? "")) ?? [])])
      .to.include("urn:a")
      .and.not.to.include("urn:b");
  });

  it("asks an app without caps, and has no answer for one that is not there", async () => {
    const online = await roll();
    const plain = await app(await person(), { features: ["urn:c"], hasNoCaps: true });
    const jid = String(plain.connection.jid);
    await until("its coming", () => online.isAvailable(jid));
    expect([...((await online.featuresOf(jid)) ?? [])]).to.include("urn:c");
    expect(await online.featuresOf(`${jid}x`)).to.equal(undefined);
  });

  it("asks an app again that comes back under its name before it has answered", async () => {
    const online = await roll();
    const who = await person();
    const silent = await app(who, { resource: "balcony", isMute: true });
    const jid = `${bare(who)}/balcony`;
    await until("her coming", () => online.isAvailable(jid));
    const before = online.featuresOf(jid);
    await until("the question", () => silent.asked === 1);
    await silent.stop();
    await app(who, { resource: "balcony", features: ["urn:a"] });
    await until("her coming back", () => online.news.length === 3);
    expect([...((await online.featuresOf(jid)) ?? [])]).to.include("urn:a");
    expect(await before).to.equal(undefined);
  });

  it("is not told that somebody left who left the sight of one number alone", async () => {
    const online = await roll();
    const juliet = await app(await person());
    const jid = String(juliet.connection.jid);
    await until("her coming", () => online.isAvailable(jid));
    const number = `+15551239999@${juliet.credentials.numberDomain}`;
    await juliet.show(number);
    await juliet.connection.send(`<presence type='unavailable' to='${number}'/>`);
    await juliet.show(undefined, xml("show", {}, "away"));
    await until("what followed", () => online.resourcesOf(bare(juliet.credentials))[0]?.show === "away");
    expect(online.news.filter((one) => one.startsWith("-"))).to.deep.equal([]);
  });
});
