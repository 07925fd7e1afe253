import { expect } from "chai";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../prosody/prosody.js";
import { seededRandom, type JournalReport } from "../../sdk/testing/mod.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { World } from "../support/world.js";
import { Correspondents, expectWhole } from "./correspondents.js";
import { NETWORK_FAULTS, type NetworkFault } from "./network-faults.js";
import { TalkativeOmemo } from "./talkative-omemo.js";

// The long form: TWOTICK_NETWORK_EPISODES=200 npx mocha test/faults/network.test.ts
const EPISODES = Number(process.env.TWOTICK_NETWORK_EPISODES ?? NETWORK_FAULTS.length);
const SEED = Number(process.env.TWOTICK_NETWORK_SEED ?? Date.now() % 1_000_000);
const [ROMEO, JULIET] = ["+15551230001", "+15551230002"] as const;
const NUMBERS = [ROMEO, JULIET] as const;
const MAX_TALK_MS = 300;

type LinkName = "component" | "romeo" | "juliet";

/** Which links a fault strikes. */
const STRUCK: readonly (readonly LinkName[])[] = [
  ["component"],
  ["component"],
  ["romeo"],
  ["juliet"],
  ["romeo", "juliet"],
  ["component", "romeo", "juliet"],
];

describe("delivery over bad networks", () => {
  let world: World;
  let people: Correspondents;
  const omemo = new TalkativeOmemo();
  let wantsFrames = true;
  let proxies: Readonly<Record<LinkName, TcpProxy>>;

  before(async function () {
    this.timeout(60_000);
    const testNumbers = Object.fromEntries(NUMBERS.map((number) => [number, "000000"]));
    const [clientPort, componentPort] = [await freePort(), await freePort()];
    proxies = {
      component: await TcpProxy.start(componentPort),
      romeo: await TcpProxy.start(clientPort),
      juliet: await TcpProxy.start(clientPort),
    };
    world = await World.start({
      isProcess: true,
      prosody: { clientPort, componentPort },
      config: {
        http: { port: await freePort() },
        signUp: { testNumbers },
        link: { port: proxies.component.port, maxRetrySeconds: 0.3, keepaliveSeconds: 1 },
      },
    });
    people = await Correspondents.signUp(world, NUMBERS, (number) => ({
      service: proxies[number === ROMEO ? "romeo" : "juliet"].service,
      wantsFrames,
      openOmemo: omemo.open,
    }));
  });

  after(async () => {
    await people?.stop();
    await world?.stop();
    for (const proxy of Object.values(proxies)) await proxy.close();
  });

  async function episode(fault: NetworkFault, struck: readonly LinkName[], random: () => number) {
    // In XML there are characters to cut
    wantsFrames = !fault.needsXml && random() < 0.5;
    await people.open(NUMBERS);
    people.talk();
    await sleep(random() * MAX_TALK_MS);
    const hasHit = await fault.strike(
      struck.map((link) => proxies[link]),
      random,
    );
    const liftedAt = performance.now();
    await sleep(random() * MAX_TALK_MS);
    await people.quiet();
    await people.hearEachOther();
    const recoveredMs = performance.now() - liftedAt;
    return { hasHit, recoveredMs, report: await people.endRound() };
  }

  it(`loses nothing that was accepted, shows nothing twice and keeps the order in ${EPISODES} episodes`, async function () {
    this.timeout(30_000 + 2 * EPISODES * 90_000);
    const random = seededRandom(SEED);
    const hits = new Map<string, number>();
    // A fault that hit nothing proves nothing, and has another turn
    const nextFault = (number: number): NetworkFault | undefined =>
      number < EPISODES
        ? NETWORK_FAULTS[number % NETWORK_FAULTS.length]
        : NETWORK_FAULTS.find(({ name }) => number < 2 * EPISODES && hits.get(name) === 0);
    const counts: JournalReport["counts"][] = [];
    let slowestMs = 0;
    let number = 0;
    for (let fault = nextFault(0); fault; fault = nextFault(++number)) {
      const struck = STRUCK[Math.floor(random() * STRUCK.length)] as readonly LinkName[];
      const what = `episode ${number} of the seed ${SEED}: ${fault.name}, ${struck.join(" and ")}`;
      const { hasHit, recoveredMs, report } = await episode(fault, struck, random).catch((error: unknown) => {
        throw new Error(what, { cause: error });
      });
      expectWhole(report, what);
      hits.set(fault.name, (hits.get(fault.name) ?? 0) + Number(hasHit));
      counts.push(report.counts);
      slowestMs = Math.max(slowestMs, recoveredMs);
    }
    const sum = (name: keyof JournalReport["counts"]): number =>
      counts.reduce((all, one) => all + one[name], 0);
    console.log(
      `    ${number} episodes with the seed ${SEED}: ${sum("accepted")} accepted, ${sum("shown")} shown, ` +
        `${sum("unknown")} unknown; heard again after ${(slowestMs / 1000).toFixed(1)} s at most; ` +
        `hits: ${[...hits].map(([name, count]) => `${name} ${count}`).join(", ")}`,
    );
    expect(sum("accepted")).to.be.greaterThan(EPISODES);
    expect(omemo.heard.spoilt, "characters that were cut").to.equal(0);
    expect(omemo.heard.well).to.be.greaterThan(EPISODES);
    for (const [name, count] of hits) expect(count, name).to.be.greaterThan(0);
  });
});
