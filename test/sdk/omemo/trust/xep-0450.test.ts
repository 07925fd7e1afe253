import { expect } from "chai";
import fc from "fast-check";
import { NS } from "../../../../src/namespaces.js";
import type { TrustMessage } from "../../../../src/trust-message.js";
import { decide, MAX_IDENTITIES, STRANGER } from "../../../../sdk/omemo/trust/person.js";
import { writePerson } from "../../../../sdk/omemo/trust/records.js";
import { contentOf, type Endpoint, Endpoints, type Letter } from "./endpoints.js";
import { JULIET, key, madeUp, NURSE, ROMEO } from "./keys.js";

/** A message as it is shown: to whom, and the numbers of the keys it trusts and distrusts. */
function shown(letters: readonly Letter[]): string[] {
  const nameOf = (id: Uint8Array): string => {
    const hex = Buffer.from(id).toString("hex");
    for (let number = 1; number < 50; number += 1) if (key(number).ed25519 === hex) return String(number);
    return "?";
  };
  return letters.map(({ to, message }) => {
    const said = message.keyOwners.flatMap(({ trusted, distrusted }) => [
      ...trusted.map((id) => `+${nameOf(id)}`),
      ...distrusted.map((id) => `-${nameOf(id)}`),
    ]);
    return `to ${to.number}: ${said.join(" ")}`;
  });
}

function says(owner: string, trusted: readonly number[], distrusted: readonly number[] = []): TrustMessage {
  const ids = (numbers: readonly number[]): Buffer[] =>
    numbers.map((number) => Buffer.from(key(number).ed25519, "hex"));
  const keyOwners = [{ jid: owner, trusted: ids(trusted), distrusted: ids(distrusted) }];
  return { usage: NS.automaticTrust, encryption: NS.omemo2, keyOwners };
}

describe("XEP-0450: the use cases of §4", () => {
  let world: Endpoints;
  let a1: Endpoint;
  let a2: Endpoint;
  let a3: Endpoint;
  let b1: Endpoint;
  beforeEach(() => {
    world = new Endpoints();
    [a1, a2, a3] = [world.endpoint(JULIET, 1), world.endpoint(JULIET, 2), world.endpoint(JULIET, 3)];
    b1 = world.endpoint(ROMEO, 11);
    world.decide(a1, "verified", a2);
  });

  it("§4.1: tells the own devices of a contact's key, and the contact's device of the own keys", () => {
    expect(shown(world.decide(a1, "verified", b1))).eql(["to 2: +11", "to 11: +2"]);
  });

  it("§4.1.2: believes them as soon as the key of their sender is authenticated, and not before", () => {
    world.decide(a1, "verified", b1);
    world.deliver();
    expect([a2.levelOf(b1), b1.levelOf(a2)]).eql(["trusted", "trusted"]);
    world.decide(a2, "verified", a1);
    world.decide(b1, "verified", a1);
    expect([a2.levelOf(b1), b1.levelOf(a2)]).eql(["verified", "verified"]);
  });

  it("§4.2: tells every authenticated device of an own key, and the new device of all keys", () => {
    world.decide(a1, "verified", b1);
    world.decide(a2, "verified", a1);
    world.deliver();
    expect(shown(world.decide(a2, "verified", a3))).eql(["to 1: +3", "to 11: +3", "to 3: +1 +11"]);
    world.decide(a1, "undecided", b1);
    world.decide(a2, "undecided", b1);
    expect(shown(world.decide(a2, "distrusted", a3))).eql(["to 1: -3"]);
  });

  it("§4.3: tells every authenticated device, but the one itself, that an own key is distrusted", () => {
    world.decide(a1, "verified", a3);
    world.decide(a1, "verified", b1);
    expect(shown(world.decide(a1, "distrusted", a3))).eql(["to 2: -3", "to 11: -3"]);
  });

  it("§4.4: tells the own devices that a contact's key is distrusted, and nobody else", () => {
    world.decide(a1, "verified", b1);
    expect(shown(world.decide(a1, "distrusted", b1))).eql(["to 2: -11"]);
  });

  it("connects n devices of two people by n-1 mutual authentications", () => {
    const b2 = world.endpoint(ROMEO, 12);
    const all = [a1, a2, a3, b1, b2];
    const pairs: [Endpoint, Endpoint][] = [
      [a1, a2],
      [a1, a3],
      [a1, b1],
      [b1, b2],
    ];
    for (const [one, other] of pairs) {
      world.decide(one, "verified", other);
      world.decide(other, "verified", one);
      world.deliver();
    }
    for (const one of all) {
      for (const other of all) if (one !== other) expect(one.levelOf(other)).equal("verified");
    }
  });
});

describe("decideByUser", () => {
  let world: Endpoints;
  let a1: Endpoint;
  let a2: Endpoint;
  let b1: Endpoint;
  let b2: Endpoint;
  beforeEach(() => {
    world = new Endpoints();
    [a1, a2] = [world.endpoint(JULIET, 1), world.endpoint(JULIET, 2)];
    [b1, b2] = [world.endpoint(ROMEO, 11), world.endpoint(ROMEO, 12)];
  });

  it("tells nobody the same again, and nobody of keys that are accepted or taken back", () => {
    world.decide(a1, "verified", a2);
    expect(world.decide(a1, "verified", b1)).lengthOf(2);
    expect(a1.decide("verified", b1)).eql({ changes: [], dispatches: [] });
    expect(world.decide(a1, "undecided", b1)).eql([]);
    expect(world.decide(a1, "trusted", b1)).eql([]);
    expect(a1.levelOf(b1)).equal("trusted");
  });

  it("tells nobody of a key that an own device had told of", () => {
    world.decide(a1, "verified", a2);
    a1.receive(a2, says(ROMEO, [11]));
    expect(a1.decide("verified", b1)).eql({
      changes: [{ address: ROMEO, fingerprint: b1.fingerprint, level: "verified", by: "user" }],
      dispatches: [],
    });
  });

  it("encrypts for nobody who is not authenticated", () => {
    expect(world.decide(a1, "verified", b1)).eql([]);
    expect(shown(world.decide(a1, "verified", a2))).eql(["to 11: +2", "to 2: +11"]);
    world.decide(a1, "distrusted", b1);
    expect(shown(world.decide(a1, "distrusted", a2))).eql([]);
  });

  it("tells of several keys of one person at once", () => {
    world.decide(a1, "verified", a2);
    expect(shown(world.decide(a1, "verified", b1, b2))).eql(["to 2: +11 +12", "to 11: +2", "to 12: +2"]);
  });

  it("decides nothing on the device itself", () => {
    expect(() => a1.decide("distrusted", a1))
      .throw()
      .with.property("code", "invalid-input");
  });

  it("splits what is too much for one message", () => {
    for (let number = 100; number < 500; number += 1) {
      world.all.length = 0;
      world.all.push(a1, a2, b1);
      world.decide(a1, "verified", world.endpoint(NURSE, number));
    }
    world.letters.length = 0;
    const letters = world.decide(a1, "verified", a2).filter(({ to }) => to === a2);
    expect(letters.map(({ message }) => message.keyOwners[0]?.trusted.length)).eql([256, 144]);
  });
});

describe("receiveTrustMessage", () => {
  let world: Endpoints;
  let a1: Endpoint;
  let a2: Endpoint;
  let b1: Endpoint;
  let b2: Endpoint;
  beforeEach(() => {
    world = new Endpoints();
    [a1, a2] = [world.endpoint(JULIET, 1), world.endpoint(JULIET, 2)];
    [b1, b2] = [world.endpoint(ROMEO, 11), world.endpoint(ROMEO, 12)];
    world.decide(a1, "verified", a2);
    world.decide(a1, "verified", b1);
  });

  it("tells what changed and on whose word", () => {
    expect(a1.receive(a2, says(ROMEO, [12]))).eql([
      { address: ROMEO, fingerprint: b2.fingerprint, level: "verified", by: "own-device" },
    ]);
    world.clock.advance(1000);
    expect(a1.receive(b1, says(ROMEO, [], [12]))).eql([
      { address: ROMEO, fingerprint: b2.fingerprint, level: "distrusted", by: "contact-device" },
    ]);
  });

  it("believes a contact's device on keys of that contact and of nobody else", () => {
    expect(a1.receive(b1, says(JULIET, [3], [2]))).eql([]);
    expect(a1.receive(b1, says(NURSE, [21]))).eql([]);
    expect(a1.levelOf(a2)).equal("verified");
  });

  it("believes nobody on the key of the device itself, nor a message of its own that comes back", () => {
    expect(a1.receive(a2, says(JULIET, [], [1]))).eql([]);
    const before = contentOf(a1.storage);
    expect(a1.receive(a1, says(ROMEO, [12]))).eql([]);
    expect(contentOf(a1.storage)).eql(before);
    expect(a1.levelOf(a1)).undefined;
  });

  it("believes no device that was distrusted, then or later", () => {
    world.decide(a1, "distrusted", b1);
    expect(a1.receive(b1, says(ROMEO, [12]))).eql([]);
    world.decide(a1, "verified", b1);
    expect(a1.levelOf(b2)).equal("trusted");
  });

  it("forgets what a device had left when that is distrusted", () => {
    expect(a1.receive(b2, says(ROMEO, [13]))).eql([]);
    world.decide(a1, "distrusted", b2);
    expect(a1.decide("verified", b2).changes).lengthOf(1);
  });

  it("takes no notice of another usage, another encryption, and identifiers of no key", () => {
    const message = says(ROMEO, [12]);
    expect(a1.receive(a2, { ...message, usage: "urn:example" })).eql([]);
    expect(a1.receive(a2, { ...message, encryption: "urn:xmpp:openpgp:0" })).eql([]);
    const broken = [{ jid: ROMEO, trusted: [Buffer.alloc(32, 255), Buffer.of(1)], distrusted: [] }];
    expect(a1.receive(a2, { ...message, keyOwners: broken })).eql([]);
    expect(a1.levelOf(b2)).equal("trusted");
  });

  it("has a key verified that comes later", () => {
    a1.receive(a2, says(ROMEO, [13]));
    const b3 = world.endpoint(ROMEO, 13);
    expect(a1.levelOf(b3)).equal("verified");
  });

  it("goes on from what is authenticated by it to what that had said", () => {
    const b3 = world.endpoint(ROMEO, 13);
    expect(a1.receive(b2, says(ROMEO, [13]))).eql([]);
    expect(a1.receive(b3, says(ROMEO, [14]))).eql([]);
    const changes = a1.receive(b1, says(ROMEO, [12]));
    expect(changes.map(({ fingerprint }) => fingerprint)).eql(
      [12, 13, 14].map((one) => key(one).fingerprint),
    );
  });

  it("does not believe a device that one message trusts and distrusts, in two spellings of its key", () => {
    a1.receive(b2, says(ROMEO, [13]));
    const other = Buffer.from(key(12).ed25519, "hex");
    other[31] = (other[31] ?? 0) ^ 0x80;
    const twice = [{ jid: ROMEO, trusted: [Buffer.from(key(12).ed25519, "hex")], distrusted: [other] }];
    a1.receive(a2, { ...says(ROMEO, [12]), keyOwners: twice });
    expect(a1.levelOf(b2)).equal("distrusted");
    expect(a1.levelOf(world.endpoint(ROMEO, 13))).equal("undecided");
  });

  it("takes the rest of a message when there is no room for some of it", () => {
    const full = Array.from({ length: MAX_IDENTITIES - 1 }, (_, index) => madeUp(index));
    a1.storage.transaction((transaction) => {
      const decided = full.reduce(
        (person, fingerprint) => decide(person, { fingerprint, level: "verified", by: "user", at: 1 }),
        STRANGER,
      );
      writePerson(transaction, NURSE, decided);
    });
    expect(a1.receive(a2, says(NURSE, [21, 22], []))).lengthOf(1);
    expect(a1.receive(a2, says(ROMEO, [12]))).lengthOf(1);
  });

  it("takes the newest word and not the one that is delivered last", () => {
    const now = world.clock.now();
    a1.receive(a2, says(ROMEO, [], [12]), now - 10);
    expect(a1.receive(a2, says(ROMEO, [12]), now - 20)).eql([]);
    expect(a1.levelOf(b2)).equal("distrusted");
    expect(a1.receive(a2, says(ROMEO, [12]), now - 5)).lengthOf(1);
  });

  it("takes, of two words of one moment, the one that distrusts", () => {
    const now = world.clock.now();
    a1.receive(a2, says(ROMEO, [], [12]), now);
    expect(a1.receive(a2, says(ROMEO, [12]), now)).eql([]);
    a1.receive(a2, says(ROMEO, [14]), now);
    expect(a1.receive(a2, says(ROMEO, [], [14]), now)).lengthOf(1);
  });

  it("takes a word out of the future for one of now, which the next decision overrules", () => {
    a1.receive(a2, says(ROMEO, [12]), world.clock.now() + 1e12);
    world.clock.advance(1000);
    expect(a1.receive(a2, says(ROMEO, [], [12]))).lengthOf(1);
  });

  it("does not take an older word against what the person decided here", () => {
    world.decide(a1, "distrusted", b2);
    expect(a1.receive(a2, says(ROMEO, [12]), world.clock.now() - 1)).eql([]);
    world.clock.advance(1000);
    expect(a1.receive(a2, says(ROMEO, [12]))).lengthOf(1);
  });

  it("does not trust again what the person distrusts on a contact's word, but distrusts on it", () => {
    world.decide(a1, "distrusted", b2);
    world.clock.advance(1000);
    expect(a1.receive(b1, says(ROMEO, [12]))).eql([]);
    world.decide(a1, "verified", b2);
    world.clock.advance(1000);
    expect(a1.receive(b1, says(ROMEO, [], [12]))).lengthOf(1);
    world.clock.advance(1000);
    expect(a1.receive(b1, says(ROMEO, [12]))).lengthOf(1);
  });

  it("changes nothing when the same comes again", () => {
    const message = says(ROMEO, [12], [13]);
    expect(a1.receive(a2, message)).lengthOf(2);
    world.clock.advance(1000);
    expect(a1.receive(a2, message)).eql([]);
  });
});

describe("what is waiting for a device to be authenticated", () => {
  it("is so much of a contact's device and no more, and much more of an own one", () => {
    const world = new Endpoints();
    const [a1, a2] = [world.endpoint(JULIET, 1), world.endpoint(JULIET, 2)];
    const b1 = world.endpoint(ROMEO, 11);
    const many = Array.from({ length: 200 }, (_, index) => 100 + index);
    for (const sender of [a2, b1]) a1.receive(sender, says(ROMEO, many));
    expect(a1.decide("verified", b1).changes).lengthOf(129);
    expect(a1.decide("verified", a2).changes).lengthOf(1 + 200 - 128);
  });

  it("is of so many devices of an address that spoke last", () => {
    const world = new Endpoints();
    const a1 = world.endpoint(JULIET, 1);
    const senders = Array.from({ length: 6 }, (_, index) => world.endpoint(ROMEO, 11 + index));
    for (const sender of senders) a1.receive(sender, says(ROMEO, [100 + sender.number]));
    const waited = senders.map((sender) => a1.decide("verified", sender).changes.length - 1);
    expect(waited).eql([0, 0, 1, 1, 1, 1]);
  });

  it("has the newest word on each key", () => {
    const world = new Endpoints();
    const [a1, a2] = [world.endpoint(JULIET, 1), world.endpoint(JULIET, 2)];
    const b1 = world.endpoint(ROMEO, 11);
    const now = world.clock.now();
    a1.receive(a2, says(ROMEO, [], [11]), now);
    a1.receive(a2, says(ROMEO, [11]), now - 1);
    a1.receive(a2, says(ROMEO, [11]), now);
    a1.decide("verified", a2);
    expect(a1.levelOf(b1)).equal("distrusted");
  });
});

describe("automatic trust management among any devices", () => {
  const step = fc.record({
    at: fc.nat(4),
    on: fc.array(fc.nat(4), { minLength: 1, maxLength: 2 }),
    level: fc.constantFrom("verified" as const, "verified" as const, "distrusted" as const),
  });
  const steps = fc.array(step, { maxLength: 12 });
  type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

  /** Five devices of two people and one that nobody ever decides on; everything is on the way. */
  function play(taken: readonly Step[]): { world: Endpoints; devices: Endpoint[]; stranger: Endpoint } {
    const world = new Endpoints();
    const devices = [JULIET, JULIET, JULIET, ROMEO, ROMEO].map((one, index) =>
      world.endpoint(one, index + 1),
    );
    const stranger = world.endpoint(ROMEO, 40);
    for (const { at, on, level } of taken) {
      const [who, first, ...others] = [at, ...on].map((index) => devices[index] as Endpoint);
      const subjects = [...new Set([first, ...others])].filter(
        (one): one is Endpoint => one !== undefined && one !== who && one.address === first?.address,
      );
      if (who && subjects.length > 0) world.decide(who, level, ...subjects);
    }
    return { world, devices, stranger };
  }

  it("tells nobody because of a message, and verifies nothing that nobody decided on", () => {
    fc.assert(
      fc.property(steps, fc.nat(), (taken, order) => {
        const { world, devices, stranger } = play(taken);
        const { sent } = world;
        world.deliver((count) => order % count);
        expect(world.sent).equal(sent);
        for (const one of devices) expect(one.levelOf(stranger)).equal("trusted");
      }),
      { numRuns: 60, seed: 450 },
    );
  });

  it("comes to the same in every order of delivery as long as nothing is distrusted", () => {
    fc.assert(
      fc.property(steps, fc.array(fc.nat(), { minLength: 1, maxLength: 20 }), (taken, order) => {
        const run = (pick: (count: number) => number): (string | undefined)[] => {
          const { world, devices } = play(taken.map((one) => ({ ...one, level: "verified" as const })));
          world.deliver(pick);
          return devices.flatMap((one) => devices.map((other) => one.levelOf(other)));
        };
        let index = 0;
        const scrambled = run((count) => (order[(index += 1) % order.length] ?? 0) % count);
        expect(run(() => 0)).eql(scrambled);
      }),
      { numRuns: 60, seed: 451 },
    );
  });
});
