import { expect } from "chai";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { storeModules } from "../../../component/app.js";
import { federationSchema } from "../../../component/federation/config.js";
import { StrangerLimits } from "../../../component/federation/limits.js";
import type { FederationOperations } from "../../../component/federation/store.js";
import { Store } from "../../../component/store/store.js";
import { ManualClock } from "../../../sdk/testing/manual-clock.js";
import { Jid } from "../../../src/jid.js";
import { temporaryFolder } from "../../support/prosody.js";

const A_DAY_MS = 86_400_000;

describe("StrangerLimits", () => {
  const clock = new ManualClock();
  const limits = (more: object = {}): StrangerLimits =>
    new StrangerLimits(clock, federationSchema.parse({ allowed: true, ...more }));
  /** How many of so many messages pass, each from the address that is made for it. */
  const passed = (one: StrangerLimits, count: number, from: (index: number) => string): number =>
    Array.from({ length: count }, (_, index) => one.take(Jid.parse(from(index)))).filter(Boolean).length;

  it("lets one person send ten at once, whatever the resource, and more over the day", () => {
    const one = limits({ messagesADay: 100 });
    expect(passed(one, 30, (index) => `tybalt@verona.example/${index}`)).to.equal(10);
    clock.advance(A_DAY_MS / 100 + 1_000);
    expect(passed(one, 30, () => "tybalt@verona.example")).to.equal(1);
  });

  it("lets the people of one domain send sixty at once, all of them together", () => {
    const one = limits();
    expect(passed(one, 100, (index) => `p${index}@verona.example`)).to.equal(60);
    expect(one.take(Jid.parse("p1@mantua.example"))).to.equal(true);
  });

  it("lets a domain have no more than its messages a day", () => {
    const one = limits({ domainMessagesADay: 5 });
    expect(passed(one, 20, (index) => `p${index}@verona.example`)).to.equal(5);
    clock.advance(A_DAY_MS / 5 + 1_000);
    expect(passed(one, 20, (index) => `q${index}@verona.example`)).to.equal(1);
  });

  it("takes nothing from a domain for somebody who is refused", () => {
    const one = limits();
    expect(passed(one, 100, () => "tybalt@verona.example")).to.equal(10);
    expect(passed(one, 100, (index) => `p${index}@verona.example`)).to.equal(50);
  });

  it("lets all domains together send six hundred at once", () => {
    expect(passed(limits(), 1_000, (index) => `tybalt@d${index}.example`)).to.equal(600);
  });
});

describe("the numbers that strangers may try", () => {
  let folder: string;
  let store: Store;
  before(async () => {
    folder = temporaryFolder();
    store = await Store.open(join(folder, "test.db"), storeModules());
  });
  after(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const bytes = (text: string): Buffer => Buffer.from(text.padEnd(32));

  it("are so many for a domain, whoever of it tries, each counted once, and anew the day after", async () => {
    const federation = store.of<FederationOperations>("federation");
    const attempt = (who: string, number: number, day = 1): Promise<boolean> =>
      federation.tryNumber({
        of: [
          { hash: bytes(who), limit: 2 },
          { hash: bytes("verona.example"), limit: 3 },
        ],
        toHash: bytes(`number ${number}`),
        day,
      });
    expect(await attempt("tybalt", 1)).to.equal(true);
    expect(await attempt("tybalt", 2)).to.equal(true);
    expect(await attempt("tybalt", 3), "the person's third").to.equal(false);
    expect(await attempt("paris", 3)).to.equal(true);
    expect(await attempt("paris", 4), "the domain's fourth").to.equal(false);
    expect(await attempt("paris", 1), "one that the domain has tried").to.equal(true);
    expect(await attempt("paris", 4, 2)).to.equal(true);
  });
});
