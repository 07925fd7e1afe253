import { expect } from "chai";
import type { DeviceId } from "../../../src/ids.js";
import { type Element } from "../../../src/xml.js";
import { OmemoError, type Sealed, type TrustLevel, type TrustPolicy } from "../../../sdk/omemo/mod.js";
import { judge, type Person, readPerson } from "../../../sdk/omemo/trust/mod.js";
import { VERSIONS } from "../../../sdk/omemo/versions/versions.js";
import { seededRandom } from "../../../sdk/testing/seeded-random.js";
import { type Device, JULIET, messageOf, open, ROMEO, send, SPOKEN, textOf, World } from "./world.js";

const POLICIES: readonly TrustPolicy[] = ["blind-before-verification", "always-ask", "verified-only"];
const LEVELS: readonly TrustLevel[] = ["undecided", "trusted", "verified", "distrusted"];
const ROMEOS = [22, 23, 24];
const STEPS = 60;
const SEEDS = 12;

/** The devices that content keys were written for, in whichever version; the ids differ from person to person. */
function addressed(sealed: Sealed): DeviceId[] {
  return VERSIONS.flatMap(({ profile: { namespace } }) => {
    const encrypted = messageOf(sealed).getChild("encrypted", namespace);
    const header = encrypted?.getChild("header");
    const groups: readonly Element[] = header ? [header, ...header.getChildren("keys")] : [];
    return groups.flatMap((group) =>
      group.getChildren("key").map(({ attrs }) => Number(attrs.rid) as DeviceId),
    );
  });
}

/** Juliet, whose policy and mind change, and Romeo, whose devices come and change. */
class Chance {
  readonly #random: () => number;
  readonly #world: World;
  readonly #everybody: Device[] = [];
  #juliet!: Device;
  #policy: TrustPolicy = "blind-before-verification";
  sent = 0;
  refused = 0;
  left = 0;

  constructor(seed: number, world: World) {
    this.#random = seededRandom(seed);
    this.#world = world;
  }

  async play(): Promise<void> {
    this.#juliet = await this.#world.device(JULIET, 11);
    this.#everybody.push(await this.#world.device(ROMEO, 22));
    for (let step = 0; step < STEPS; step++) await this.#step();
  }

  async #step(): Promise<void> {
    const dice = this.#random();
    if (dice < 0.1) await this.#come();
    else if (dice < 0.3) await this.#hear();
    else if (dice < 0.5) this.#decide();
    else if (dice < 0.55) this.#restart();
    else if (dice < 0.65) this.#world.clock.advance(this.#random() * 30 * 60 * 60 * 1000);
    else await this.#write();
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)] as Item;
  }

  /** A device of Romeo's, or one of Juliet's, is set up: for the first time, or again with other keys. */
  async #come(): Promise<void> {
    const isOwn = this.#random() < 0.2;
    const device = await this.#world.device(isOwn ? JULIET : ROMEO, isOwn ? 12 : this.#pick(ROMEOS));
    this.#everybody.push(device);
  }

  /** One of all that ever were writes to Juliet, also one that was replaced. */
  async #hear(): Promise<void> {
    const from = this.#pick(this.#everybody);
    const sealed = await send(from, from.number === ROMEO ? JULIET : ROMEO, "hear me");
    const to = from.number === ROMEO ? JULIET : ROMEO;
    const opened = open(this.#juliet, from.number, sealed, to);
    if (opened.kind !== "plaintext") return;
    expect(opened.fingerprint).equal(from.omemo.fingerprint);
    expect(opened.trust).equal(
      judge(this.#person(from.number.bare), this.#policy).counts(opened.fingerprint),
    );
  }

  #decide(): void {
    const about = this.#random() < 0.8 ? ROMEO : JULIET;
    const known = this.#juliet.omemo.trust.identities(about);
    if (known.length === 0) return;
    this.#juliet.omemo.trust.decide(about, this.#pick(known).fingerprint, this.#pick(LEVELS));
  }

  #restart(): void {
    this.#policy = this.#pick(POLICIES);
    const { storage } = this.#juliet;
    this.#juliet.omemo.close();
    this.#juliet = this.#world.open(JULIET, 11, { storage, trustPolicy: this.#policy });
  }

  async #write(): Promise<void> {
    let sealed: Sealed;
    try {
      sealed = await send(this.#juliet, ROMEO, "secret");
    } catch (error) {
      expect(error).instanceOf(OmemoError).with.property("code", "untrusted-identity");
      this.refused++;
      return;
    }
    this.sent++;
    this.left += sealed.skipped.length;
    this.#check(sealed);
  }

  #check(sealed: Sealed): void {
    const people = [ROMEO, JULIET].map(({ bare }) => this.#person(bare));
    const mayRead = (device: DeviceId): boolean =>
      people.some((person) => {
        const fingerprint = person.devices.get(device);
        return fingerprint !== undefined && judge(person, this.#policy).maySend(device, fingerprint);
      });
    const rids = addressed(sealed);
    expect(rids.length).equal(sealed.devices.recipient + sealed.devices.own);
    expect(rids.filter((rid) => !mayRead(rid))).eql([]);
    for (const one of this.#everybody) {
      const person = this.#person(one.number.bare);
      if (textOf(open(one, JULIET, sealed, ROMEO)) !== "secret") continue;
      expect(judge(person, this.#policy).maySend(one.id, one.omemo.fingerprint)).equal(true);
    }
  }

  #person(address: string): Person {
    return this.#juliet.storage.read((view) => readPerson(view, address));
  }
}

for (const [what, spoken] of Object.entries(SPOKEN))
  describe(`content keys under random policies, decisions and identity changes, ${what}`, () => {
    it("are never written for an identity that trust denies them", async function () {
      this.timeout(120_000);
      let [sent, refused, left] = [0, 0, 0];
      for (let seed = 1; seed <= SEEDS; seed++) {
        const chance = new Chance(seed, new World(...spoken));
        try {
          await chance.play();
        } catch (error) {
          throw new Error(`with seed ${seed}`, { cause: error });
        }
        sent += chance.sent;
        refused += chance.refused;
        left += chance.left;
      }
      // Otherwise it would show nothing
      expect(Math.min(sent, refused, left)).at.least(10);
    });
  });
