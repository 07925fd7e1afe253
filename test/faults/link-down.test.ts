import { expect } from "chai";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../prosody/prosody.js";
import { openSqliteStorage, signUpDevice } from "../../sdk/mod.js";
import { checkJournals, type JournalReport } from "../../sdk/testing/mod.js";
import { NetworkNamespace } from "../support/network-namespace.js";
import { temporaryFolder } from "../support/prosody.js";
import { until } from "../support/until.js";
import { World } from "../support/world.js";
import { distinctShown, isQuiet, Person } from "./person-process.js";

// The long form, with the keepalive as it is in production: TWOTICK_LINK_DOWN_SECONDS=60 npx mocha test/faults/link-down.test.ts
const DOWN_SECONDS = Number(process.env.TWOTICK_LINK_DOWN_SECONDS ?? 5);
const IS_LONG = process.env.TWOTICK_LINK_DOWN_SECONDS !== undefined;
const KEEPALIVE_SECONDS = IS_LONG ? 20 : 1;
/** Waits between attempts, and TCP's own before it says SYN again, grow with the time that the link was down. */
const RECOVER_WITHIN_MS = 60_000;
const NUMBERS = ["+15551230001", "+15551230002"] as const;
const CODE = "000000";

describe("delivery while the link of a network is down", () => {
  const networks: NetworkNamespace[] = [];
  let ofComponent: NetworkNamespace;
  let ofPeople: NetworkNamespace;
  let folder: string;
  let world: World;
  let people: Person[] = [];

  before(async function () {
    this.timeout(150_000);
    const reason = NetworkNamespace.whyNot();
    if (reason !== undefined) {
      // Where everything is to be run, it is not to be left out unseen
      if (process.env.CI) throw new Error(`network namespaces are needed: ${reason}`);
      console.log(`    skipped, as it needs root and the program ip (iproute2): ${reason}`);
      return this.skip();
    }
    networks.push((ofComponent = NetworkNamespace.make()), (ofPeople = NetworkNamespace.make()));
    folder = temporaryFolder();
    const testNumbers = Object.fromEntries(NUMBERS.map((number) => [number, CODE]));
    const keepaliveSeconds = KEEPALIVE_SECONDS;
    world = await World.start({
      isProcess: true,
      runner: ofComponent.runner,
      prosody: { program: listeningOn([ofComponent.outside, ofPeople.outside]) },
      config: {
        http: { interface: ofComponent.inside, port: await freePort() },
        signUp: { testNumbers },
        link: { host: ofComponent.outside, maxRetrySeconds: 1, keepaliveSeconds },
      },
    });
    people = [];
    for (const [index, number] of NUMBERS.entries())
      people.push(await signedUp(number, NUMBERS[1 - index] as string));
    await Promise.all(people.map((person) => person.start()));
    for (const person of people) person.say("talk");
    await everybodyHears(60_000);
  });

  after(async () => {
    await Promise.all(people.map((person) => person.kill().catch(() => undefined)));
    await world?.stop();
    for (const network of networks) network.remove();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  /** A Prosody that listens on these addresses too: the development server itself stays on loopback without TLS. */
  function listeningOn(addresses: readonly string[]): string {
    const path = join(folder, "prosody");
    const listed = ["127.0.0.1", ...addresses].map((address) => `"${address}"`).join(", ");
    const edit = `s/{ "127.0.0.1" }/{ ${listed} }/`;
    writeFileSync(path, `#!/bin/sh\nsed -i '${edit}' "$2"\nexec prosody "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  }

  /** Signs a person up from the test's own network, where the service's API is to be had. */
  async function signedUp(number: string, peer: string): Promise<Person> {
    const path = (name: string): string => join(folder, `${number.slice(1)}.${name}`);
    const { interface: host, port } = world.config.http;
    const api = `http://${host}:${port}`;
    const key = number.endsWith("2") ? { key: Buffer.alloc(32, 2) } : {};
    const storage = openSqliteStorage({ path: path("db"), ...key });
    const session = await signUpDevice({ storage, api, number });
    await session.verify(CODE);
    storage.close();
    const service = `xmpp://${ofPeople.outside}:${world.prosody.clientPort}`;
    const paths = { storagePath: path("db"), journalPath: path("journal") };
    return new Person(
      { ...paths, service, api, number, peer, allowPlaintext: true, isNewcomer: true },
      ofPeople.runner,
    );
  }

  const report = (): JournalReport =>
    checkJournals(
      people.map((person) => person.lines),
      { receiptWithinMs: 0 },
    );

  async function everybodyHears(withinMs: number): Promise<void> {
    const before = people.map((person) => person.shown);
    const hear = () => people.every((person, index) => person.shown > (before[index] ?? 0));
    await until("everybody is shown something new", hear, withinMs);
  }

  for (const whose of ["component", "people"] as const)
    it(`loses nothing that was accepted, shows nothing twice and goes on by itself: that of the ${whose}`, async function () {
      this.timeout((DOWN_SECONDS + 150) * 1000);
      const network = whose === "component" ? ofComponent : ofPeople;
      network.pull();
      await sleep(1_000);
      const before = people.map((person) => person.shown);
      await sleep((DOWN_SECONDS - 1) * 1000);
      expect(
        people.map((person) => person.shown),
        "what is shown while it is down",
      ).to.deep.equal(before);
      network.plug();
      const upAt = performance.now();
      await everybodyHears(RECOVER_WITHIN_MS);
      const recoveredMs = performance.now() - upAt;
      for (const person of people) person.say("quiet");
      const hasAll = (): boolean => isQuiet(report(), distinctShown(people));
      await until("all has arrived", hasAll, 40_000).catch(() => undefined);
      const { violations, counts } = report();
      console.log(
        `    ${DOWN_SECONDS} s without the link of the ${whose}, keepalive ${KEEPALIVE_SECONDS} s: heard again after ` +
          `${(recoveredMs / 1000).toFixed(1)} s; ${JSON.stringify(counts)}`,
      );
      expect(violations).to.deep.equal([]);
      expect(distinctShown(people)).to.equal(counts.asked);
      for (const person of people) person.say("talk");
      await everybodyHears(10_000);
    });
});
