import { expect } from "chai";
import { NS } from "../../../src/namespaces.js";
import type { Fingerprint, Sealed, TrustLevel } from "../../../sdk/omemo/mod.js";
import { sealControl } from "./controls.js";
import { type Device, JULIET, messageOf, open, ROMEO, send, settle, textOf, World } from "./world.js";

const OTHER = "<said xmlns='urn:example:said'/>";

/** A trust message about keys in their X25519 form. */
function trustMessage(jid: string, verb: "trust" | "distrust", keys: readonly Fingerprint[]): string {
  const said = keys.map((key) => `<${verb}>${Buffer.from(key, "hex").toString("base64")}</${verb}>`);
  return (
    `<trust-message xmlns='${NS.trustMessages}' usage='${NS.automaticTrust}' encryption='${NS.omemo}'>` +
    `<key-owner jid='${jid}'>${said.join("")}</key-owner></trust-message>`
  );
}

describe("trust messages in an opened message", () => {
  let world: World;
  let phone: Device;
  let tablet: Device;
  let romeo: Device;
  beforeEach(async () => {
    world = new World();
    phone = await world.device(JULIET, 11);
    tablet = await world.device(JULIET, 12);
    romeo = await world.device(ROMEO, 22);
    world.later();
    await send(phone, ROMEO, "a");
    await send(tablet, ROMEO, "a");
    await settle();
    phone.events.length = 0;
  });

  /** The tablet writes to the own devices. */
  async function say(...elements: readonly string[]): Promise<Sealed> {
    return (await sealControl(tablet, { to: JULIET.bare, elements })) as Sealed;
  }

  function levelOf(of: Device): TrustLevel | undefined {
    const known = phone.omemo.trust.identities(of.number);
    return known.find(({ fingerprint }) => fingerprint === of.omemo.fingerprint)?.trust;
  }

  const verifyTablet = (): void => phone.omemo.trust.decide(JULIET, tablet.omemo.fingerprint, "verified");

  it("are taken from a device that is verified, and are no element that anybody sees", async () => {
    verifyTablet();
    const sealed = await say(trustMessage(ROMEO.bare, "trust", [romeo.omemo.fingerprint]), OTHER);
    const opened = open(phone, JULIET, sealed);
    expect(opened).deep.include({ kind: "content", trust: "verified" });
    expect("elements" in opened && opened.elements.map(({ name }) => name)).eql(["said"]);
    expect(levelOf(romeo)).equal("verified");
    await settle();
    expect(phone.events.at(-1)).eql({
      kind: "trust-changed",
      address: ROMEO.bare,
      fingerprint: romeo.omemo.fingerprint,
      level: "verified",
      by: "own-device",
    });
  });

  it("wait until the device that they come from is verified", async () => {
    open(phone, JULIET, await say(trustMessage(ROMEO.bare, "distrust", [romeo.omemo.fingerprint])));
    expect(levelOf(romeo)).equal("trusted");
    verifyTablet();
    expect(levelOf(romeo)).equal("distrusted");
  });

  it("are never believed of a device that is distrusted", async () => {
    phone.omemo.trust.decide(JULIET, tablet.omemo.fingerprint, "distrusted");
    const message = trustMessage(ROMEO.bare, "trust", [romeo.omemo.fingerprint]);
    const opened = open(
      phone,
      JULIET,
      (await sealControl(tablet, { to: JULIET.bare, elements: [message] }))!,
    );
    expect(opened).deep.include({ kind: "content", trust: "distrusted" });
    verifyTablet();
    expect(levelOf(romeo)).equal("trusted");
  });

  it("may name the own account in place of the own number", async () => {
    verifyTablet();
    const watch = await world.device(JULIET, 13);
    open(phone, JULIET, await send(watch, ROMEO, "copy"), ROMEO);
    expect(levelOf(watch)).equal("undecided");
    open(phone, JULIET, await say(trustMessage(phone.account.bare, "trust", [watch.omemo.fingerprint])));
    expect(levelOf(watch)).equal("verified");
  });

  it("cost nothing else of the message when they cannot be read", async () => {
    verifyTablet();
    const sealed = await say(`<trust-message xmlns='${NS.trustMessages}'/>`, OTHER);
    const opened = open(phone, JULIET, sealed);
    expect("elements" in opened && opened.elements.map(({ name }) => name)).eql(["said"]);
    expect(textOf(open(phone, JULIET, await send(tablet, ROMEO, "and on"), ROMEO))).equal("and on");
  });

  it("change nothing when the transaction is taken back", async () => {
    verifyTablet();
    await settle();
    const before = phone.events.length;
    const sealed = await say(trustMessage(ROMEO.bare, "trust", [romeo.omemo.fingerprint]));
    expect(() =>
      phone.storage.transaction((transaction) => {
        const message = { from: JULIET, to: JULIET, at: phone.clock.now() };
        phone.omemo.open(transaction, message, messageOf(sealed));
        throw new Error("rolled back");
      }),
    ).throw("rolled back");
    await settle();
    expect(phone.events.length).equal(before);
    open(phone, JULIET, sealed);
    expect(levelOf(romeo)).equal("verified");
  });
});
