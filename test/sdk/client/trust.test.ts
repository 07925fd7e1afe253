import { expect } from "chai";
import { InvalidInput, openMemoryStorage, type TrustPolicy } from "../../../sdk/mod.js";
import { until } from "../../support/until.js";
import { useWorld } from "../../support/world.js";
import { failure } from "../connection/support.js";
import { enrolFurther, People, type Person } from "./people.js";

/** The number of somebody. */
const numberOf = ({ client }: Person): string => client.number as string;

/** The identity of somebody's device. */
const fingerprintOf = ({ client }: Person): string => client.fingerprint as string;

/** Sends a text and waits until it is shown there. */
async function send(from: Person, to: Person, text: string): Promise<void> {
  const handle = await from.client.send(numberOf(to), text);
  await handle.until("delivered", { timeoutMs: 5_000 });
  await until(`the text ${text}`, () => to.texts().includes(text));
}

/** What an identity counts as at somebody. */
function trustIn(at: Person, of: Person): string | undefined {
  const known = at.client.trust.identities(numberOf(of));
  return known.find(({ fingerprint }) => fingerprint === fingerprintOf(of))?.trust;
}

describe("Client.trust, with a real server and component", () => {
  const world = useWorld();
  const people = new People(world);
  afterEach(() => people.leave());

  const STRICT: readonly TrustPolicy[] = ["always-ask", "verified-only"];

  /** Another device of somebody, online, and known to the first. */
  async function tabletOf(phone: Person): Promise<Person> {
    const storage = openMemoryStorage();
    await enrolFurther(world(), phone.account, storage);
    const tablet = await people.open(storage, { account: phone.account });
    const sees = (one: Person, other: Person): boolean =>
      one.client.trust.devices(numberOf(one)).some(({ device }) => device === other.client.device);
    // Of lists that follow one another, the last is taken in after a pause
    await until("the device lists", () => sees(phone, tablet) && sees(tablet, phone), 15_000);
    return tablet;
  }

  for (const trustPolicy of STRICT)
    it(`under ${trustPolicy} a send fails until the identity is verified, and then goes`, async () => {
      const romeo = await people.arrive({ trustPolicy });
      const juliet = await people.arrive();
      const first = await romeo.client.send(numberOf(juliet), "secret");
      const error = await failure(first.until("accepted", { timeoutMs: 10_000 }));
      expect(error).property("code", "untrusted-identity");
      expect((error as Error).message).contain("verify one and send again");
      expect(first.state).equal("failed");
      await romeo.client.trust.verify(numberOf(juliet), fingerprintOf(juliet));
      await send(romeo, juliet, "secret again");
      expect(juliet.texts()).eql(["secret again"]);
    });

  it("under always-ask it is enough to accept the identity, and distrust ends it", async () => {
    const romeo = await people.arrive({ trustPolicy: "always-ask" });
    const juliet = await people.arrive();
    const numbers = numberOf(juliet);
    await failure((await romeo.client.send(numbers, "a")).until("accepted", { timeoutMs: 10_000 }));
    const [device] = romeo.client.trust.devices(numbers);
    expect(device).include({ fingerprint: fingerprintOf(juliet), trust: "undecided" });
    romeo.client.trust.accept(numbers, fingerprintOf(juliet));
    await send(romeo, juliet, "b");
    romeo.client.trust.distrust(numbers, fingerprintOf(juliet));
    const last = await romeo.client.send(numbers, "c");
    expect(await failure(last.until("accepted", { timeoutMs: 10_000 }))).property(
      "code",
      "untrusted-identity",
    );
    expect(juliet.texts()).eql(["b"]);
    expect(romeo.told["trust-changed"]?.map(({ level, by }) => `${level} by ${by}`)).eql([
      "trusted by user",
      "distrusted by user",
    ]);
  });

  it("marks a message with what its sender counts as, and keeps the mark in the inbox", async () => {
    const storage = openMemoryStorage();
    const romeo = await people.arrive({ storage });
    const juliet = await people.arrive();
    await send(juliet, romeo, "trusted");
    romeo.client.trust.distrust(numberOf(juliet), fingerprintOf(juliet));
    await send(juliet, romeo, "distrusted");
    expect(romeo.messages.map(({ text, trust }) => [text, trust])).eql([
      ["trusted", "trusted"],
      ["distrusted", "distrusted"],
    ]);
    await romeo.client.stop();
    const again = await people.open(storage, { account: romeo.account });
    await until("both again", () => again.messages.length === 2);
    expect(again.messages.map(({ trust }) => trust)).eql(["trusted", "distrusted"]);
  });

  it("gives both the same safety number, by which each verifies the other", async () => {
    const romeo = await people.arrive();
    const juliet = await people.arrive();
    const [one, other] = await Promise.all([
      romeo.client.trust.safetyNumber(numberOf(juliet)),
      juliet.client.trust.safetyNumber(numberOf(romeo)),
    ]);
    expect(one.digits).match(/^(\d{5} ){11}\d{5}$/);
    expect(other.digits).equal(one.digits);
    expect(one).deep.include({ unknown: [], unverifiedOwn: [] });
    expect(() => romeo.client.trust.verificationUri(numberOf(juliet))).throw(InvalidInput);
    const outcome = await romeo.client.trust.verify(numberOf(juliet), one.digits);
    expect(outcome.verified).eql([fingerprintOf(juliet)]);
    expect(trustIn(romeo, juliet)).equal("verified");
    expect(romeo.client.trust.verificationUri(numberOf(juliet))).equal(juliet.client.trust.verificationUri());
    await send(juliet, romeo, "hello");
    expect(romeo.messages[0]?.trust).equal("verified");
  });

  it("does not verify by another number, another person's URI, or what is neither", async () => {
    const romeo = await people.arrive();
    const juliet = await people.arrive();
    const nurse = await people.arrive();
    const { digits } = await romeo.client.trust.safetyNumber(numberOf(nurse));
    for (const by of [digits, nurse.client.trust.verificationUri(), "12345"]) {
      const error = await failure(romeo.client.trust.verify(numberOf(juliet), by));
      expect(error).instanceOf(InvalidInput);
    }
    expect(trustIn(romeo, juliet)).not.equal("verified");
  });

  it("tells the own devices of a safety number that are not verified", async () => {
    const romeo = await people.arrive();
    const juliet = await people.arrive();
    const tablet = await tabletOf(romeo);
    const before = await romeo.client.trust.safetyNumber(numberOf(juliet));
    expect(before.unverifiedOwn).eql([tablet.client.device]);
    await romeo.client.trust.verify(numberOf(romeo), fingerprintOf(tablet));
    const after = await romeo.client.trust.safetyNumber(numberOf(juliet));
    expect(after).eql({ ...before, unverifiedOwn: [] });
  });

  it("writes nothing to a device that joins a verified person, until the URI of the person names it", async () => {
    const romeo = await people.arrive();
    const juliet = await people.arrive();
    await romeo.client.trust.verify(numberOf(juliet), juliet.client.trust.verificationUri());
    await send(romeo, juliet, "a");
    const tablet = await tabletOf(juliet);
    await send(tablet, romeo, "and me");
    await until("the news", () => (romeo.told["device-added"]?.length ?? 0) > 0);
    expect(romeo.told["device-added"]).eql([
      {
        kind: "device-added",
        address: `${numberOf(juliet)}@${world().prosody.componentDomain}`,
        device: tablet.client.device,
        fingerprint: fingerprintOf(tablet),
        trust: "undecided",
      },
    ]);
    await send(romeo, juliet, "to the phone alone");
    await juliet.client.trust.verify(numberOf(juliet), fingerprintOf(tablet));
    const outcome = await romeo.client.trust.verify(numberOf(juliet), juliet.client.trust.verificationUri());
    expect(outcome).deep.include({ inAdvance: [], unmentioned: [], mismatched: [] });
    await send(romeo, tablet, "to both");
    await until("both", () => juliet.texts().includes("to both"));
    expect(tablet.texts()).not.include("to the phone alone");
  });

  it("is told among verified devices of one's own, and between them and a contact, and is never shown", async () => {
    const phone = await people.arrive();
    const tablet = await tabletOf(phone);
    const juliet = await people.arrive();
    await send(juliet, phone, "a");
    await until("the same at the tablet", () => tablet.texts().includes("a"));
    // Two of one's own verify each other
    await phone.client.trust.verify(numberOf(phone), tablet.client.trust.verificationUri());
    await tablet.client.trust.verify(numberOf(phone), phone.client.trust.verificationUri());
    await phone.client.trust.verify(numberOf(juliet), juliet.client.trust.verificationUri());
    await until("the word of the phone", () => trustIn(tablet, juliet) === "verified", 5_000);
    expect(tablet.told["trust-changed"]).deep.include({
      kind: "trust-changed",
      address: `${numberOf(juliet)}@${world().prosody.componentDomain}`,
      fingerprint: fingerprintOf(juliet),
      level: "verified",
      by: "own-device",
    });
    // Juliet is told of the tablet by the phone, which she verifies
    await juliet.client.trust.verify(numberOf(phone), fingerprintOf(phone));
    await until("the word about the tablet", () => trustIn(juliet, tablet) === "verified", 5_000);
    expect(juliet.told["trust-changed"]?.at(-1)).include({ level: "verified", by: "contact-device" });
    // And what one of them distrusts, the other does
    phone.client.trust.distrust(numberOf(juliet), fingerprintOf(juliet));
    await until("the distrust", () => trustIn(tablet, juliet) === "distrusted", 5_000);
    for (const person of [phone, tablet]) {
      expect(person.texts()).eql(["a"]);
      expect(person.told["sent-elsewhere"] ?? []).eql([]);
      expect(person.told.undecryptable ?? []).eql([]);
    }
    expect(juliet.texts()).eql([]);
    expect(juliet.told.undecryptable ?? []).eql([]);
  });
});
