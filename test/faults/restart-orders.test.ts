import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { freePort } from "../../prosody/prosody.js";
import { seededRandom } from "../../sdk/testing/mod.js";
import { World } from "../support/world.js";
import { Correspondents, expectWhole } from "./correspondents.js";

// The long form: TWOTICK_RESTART_ROUNDS=50 npx mocha test/faults/restart-orders.test.ts
const ROUNDS = Number(process.env.TWOTICK_RESTART_ROUNDS ?? 8);
const SEED = Number(process.env.TWOTICK_RESTART_SEED ?? Date.now() % 1_000_000);
const NUMBERS = ["+15551230001", "+15551230002"] as const;
const MAX_PAUSE_MS = 300;

type Step = "component down" | "component up" | "server down" | "server up";

/** Every order in which both can go and come. */
const ORDERS: readonly (readonly Step[])[] = [
  ["component down", "component up", "server down", "server up"],
  ["component down", "server down", "component up", "server up"],
  ["component down", "server down", "server up", "component up"],
  ["server down", "component down", "component up", "server up"],
  ["server down", "component down", "server up", "component up"],
  ["server down", "server up", "component down", "component up"],
];

const SIGNALS = ["SIGTERM", "SIGKILL"] as const;

interface Restart {
  readonly order: readonly Step[];
  readonly component: NodeJS.Signals;
  readonly server: NodeJS.Signals;
}

/** Each order with each pair of signals; any six in a row have every order, and both signals for either. */
const RESTARTS: readonly Restart[] = Array.from({ length: 4 }, (_, turn) =>
  ORDERS.map((order, index): Restart => {
    const pair = (turn + index) % 4;
    return { order, component: SIGNALS[pair & 1] as "SIGTERM", server: SIGNALS[pair >> 1] as "SIGTERM" };
  }),
).flat();

describe("delivery while component and server are restarted in every order", () => {
  let world: World;
  let people: Correspondents;

  before(async function () {
    this.timeout(60_000);
    const testNumbers = Object.fromEntries(NUMBERS.map((number) => [number, "000000"]));
    world = await World.start({
      isProcess: true,
      config: { http: { port: await freePort() }, signUp: { testNumbers }, link: { maxRetrySeconds: 0.3 } },
    });
    people = await Correspondents.signUp(world, NUMBERS);
  });

  after(async () => {
    await people?.stop();
    await world?.stop();
  });

  async function restart({ order, component, server }: Restart, random: () => number): Promise<void> {
    let linked: Promise<void> = Promise.resolve();
    for (const step of order) {
      await sleep(random() * MAX_PAUSE_MS);
      if (step === "component down") await world.killComponent(component);
      else if (step === "server down") await world.prosody.kill(server);
      else if (step === "server up") await world.prosody.start();
      // Without its server it only begins to run
      else linked = world.startComponent();
    }
    await linked;
  }

  it(`loses nothing, shows nothing twice and keeps the order in ${ROUNDS} restarts`, async function () {
    this.timeout(60_000 + ROUNDS * 120_000);
    const random = seededRandom(SEED);
    const first = Math.floor(random() * RESTARTS.length);
    let accepted = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const chosen = RESTARTS[(first + round) % RESTARTS.length] as Restart;
      await people.open(NUMBERS);
      people.talk();
      await restart(chosen, random);
      await people.quiet();
      const report = await people.endRound();
      expectWhole(report, `${JSON.stringify(chosen)}, seed ${SEED}`);
      accepted += report.counts.accepted;
    }
    console.log(`    ${ROUNDS} restarts with the seed ${SEED}: ${accepted} accepted`);
    expect(accepted).to.be.greaterThan(ROUNDS);
  });

  it("knows each order with each signal once", () => {
    const names = RESTARTS.map((one) => JSON.stringify(one));
    expect(new Set(names).size).to.equal(ORDERS.length * SIGNALS.length ** 2);
  });
});
