import { expect } from "chai";
import { Client, openMemoryStorage, signUpDevice } from "../../sdk/mod.js";
import { StanzaError } from "../../src/errors.js";
import { RawDevice } from "../support/raw-device.js";
import { until } from "../support/until.js";
import { World } from "../support/world.js";
import { SettingClock } from "./setting-clock.js";

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const MONTH = 30 * DAY;
/** What a correction may add to ten minutes, and a second for the test itself. */
const TOLERANCE_MS = 7_000;
const ROMEO = "+15551230001";
const JULIET = "+15551230002";

// The long form takes all of them: TWOTICK_CLOCK_STEPS=all npx mocha test/faults/clock-steps.test.ts
const STEPS: readonly (readonly [string, number])[] = [
  ["a minute back", -MINUTE],
  ["a month and a day forwards", MONTH + DAY],
  ["a day back", -DAY],
  ["a minute forwards", MINUTE],
  ["a day forwards", DAY],
  ["a month and a day back", -MONTH - DAY],
];
const SHORT_STEPS = 2;

for (const [name, stepMs] of process.env.TWOTICK_CLOCK_STEPS === "all"
  ? STEPS
  : STEPS.slice(0, SHORT_STEPS)) {
  describe(`the clock steps ${name}`, () => {
    let clock: SettingClock;
    let world: World;
    const devices: RawDevice[] = [];

    beforeEach(async () => {
      clock = new SettingClock();
      const signUp = { testNumbers: { [ROMEO]: "123456", [JULIET]: "123456" } };
      world = await World.start({ clock, config: { signUp } });
    });

    afterEach(async () => {
      await Promise.all(devices.splice(0).map((device) => device.stop()));
      await world.stop();
    });

    async function online(number: string): Promise<RawDevice> {
      const device = await RawDevice.online(await world.person(number));
      devices.push(device);
      return device;
    }

    async function post(
      path: string,
      body: object,
    ): Promise<{ status: number; answer: Record<string, unknown> }> {
      const response = await fetch(`http://127.0.0.1:${world.app.httpPort}/v1/sign-ups${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
    }

    const beginSignUp = async (): Promise<string> =>
      String((await post("", { number: ROMEO })).answer.session);
    const verify = (session: string, code: string) => post(`/${session}/verification`, { code });

    async function conditionOf(work: Promise<unknown>): Promise<string | undefined> {
      const error: unknown = await work.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      return error instanceof StanzaError ? error.applicationCondition : undefined;
    }

    it("lets no code live longer, with a restart or without", async () => {
      const [one, two] = [await beginSignUp(), await beginSignUp()];
      clock.pass(5 * MINUTE);
      clock.step(stepMs);
      clock.pass(5 * MINUTE + TOLERANCE_MS);
      expect(await verify(one, "123456")).to.deep.include({ status: 410 });
      // A new process takes the clock's word, so that the step back is added once; a code from the future is none
      clock.pass(MINUTE);
      await world.stopComponent();
      await world.startComponent();
      expect((await verify(two, "123456")).status).to.be.oneOf([404, 410]);
    });

    it("ends no code, wait or sign-up early", async () => {
      const session = await beginSignUp();
      clock.step(stepMs);
      const again = await post(`/${session}/codes`, { channel: "sms" });
      expect(again.status, JSON.stringify(again.answer)).to.equal(429);
      clock.pass(9 * MINUTE);
      expect((await verify(session, "123456")).status).to.equal(200);
    });

    it("expires nothing early and keeps the order, also of the times", async () => {
      const [romeo, juliet] = [await online(ROMEO), await online(JULIET)];
      await juliet.connection.stop();
      await romeo.say(juliet.numberJid, "one");
      clock.step(stepMs);
      await romeo.say(juliet.numberJid, "two");
      clock.runJobs();
      clock.step(-stepMs);
      await romeo.say(juliet.numberJid, "three");
      clock.runJobs();
      await romeo.say(juliet.numberJid, "four");
      const back = await RawDevice.online(juliet.credentials);
      devices.push(back);
      expect(await back.texts(4)).to.deep.equal(["one", "two", "three", "four"]);
      const times = back.messages.map(({ at }) => at);
      expect(times).to.deep.equal([...times].sort((a, b) => a - b));
    });

    it("expires in time what has really waited for so long", async () => {
      const [romeo, juliet] = [await online(ROMEO), await online(JULIET)];
      await juliet.connection.stop();
      const id = await romeo.say(juliet.numberJid, "one");
      clock.step(stepMs);
      clock.pass(MONTH * 1.02);
      clock.runJobs();
      await romeo.receipt(id, "expired");
    });

    it("keeps nonces and tokens for as long as they are good for", async () => {
      const romeo = await online(ROMEO);
      const [nonce, late] = [await romeo.prove(), await romeo.prove()];
      const token = String(romeo.token);
      clock.step(stepMs);
      await romeo.attach(nonce);
      await romeo.attach({ token });
      clock.pass(61_000);
      expect(await conditionOf(romeo.attach(late))).to.equal("bad-proof");
      clock.pass(MONTH * 1.02);
      expect(await conditionOf(romeo.attach({ token }))).to.equal("token-expired");
    });

    if (stepMs < 0) {
      it("takes no token from the future after a restart: it would live longer", async () => {
        const romeo = await online(ROMEO);
        const token = String(romeo.token);
        await world.stopComponent();
        clock.step(stepMs);
        await world.startComponent();
        expect(await conditionOf(romeo.attach({ token }))).to.equal("token-expired");
        await romeo.attach();
      });
    }

    it("sends again in time what was not acknowledged, and not before", async () => {
      const [romeo, juliet] = [await online(ROMEO), await online(JULIET)];
      juliet.isAcknowledging = false;
      await romeo.say(juliet.numberJid, "one");
      await juliet.texts(1);
      clock.step(stepMs);
      const ticks = performance.now() + 1_500;
      await until("the windows were looked at", () => performance.now() > ticks);
      expect(juliet.messages).to.have.length(1);
      clock.pass(5_000);
      await juliet.texts(2);
      expect(juliet.messages.map(({ seq }) => seq)).to.deep.equal([1, 1]);
    });

    it("lets devices of the SDK go on, shows nothing twice and loses nothing", async () => {
      const api = `http://127.0.0.1:${world.app.httpPort}`;
      const shown: string[] = [];
      const people = await Promise.all(
        [ROMEO, JULIET].map(async (number) => {
          const storage = openMemoryStorage();
          await (await signUpDevice({ storage, api, number })).verify("123456");
          const client = await Client.open({ storage, service: world.prosody.service, clock });
          client.on("message", (message) => void shown.push(message.text));
          await client.start();
          return client;
        }),
      );
      const [romeo, juliet] = people as [Client, Client];
      await (await romeo.send(JULIET, "one")).until("delivered");
      clock.step(stepMs);
      await (await romeo.send(JULIET, "two")).until("delivered");
      await (await juliet.send(ROMEO, "three")).until("delivered");
      clock.step(-stepMs);
      clock.runJobs();
      await (await romeo.send(JULIET, "four")).until("delivered");
      expect(shown).to.deep.equal(["one", "two", "three", "four"]);
      await Promise.all(people.map((client) => client.stop()));
    });
  });
}
