import { expect } from "chai";
import type { DeviceId } from "../../../../src/ids.js";
import type { Fingerprint } from "../../../../sdk/omemo/port.js";
import {
  readVerificationUri,
  writeTrustMessageUris,
  writeVerificationUri,
} from "../../../../sdk/omemo/trust/verification-uri.js";
import { applyVerificationUri, type UriOutcome } from "../../../../sdk/omemo/trust/verify-by-uri.js";
import { type Endpoint, Endpoints } from "./endpoints.js";
import { device, JULIET, key, print, ROMEO } from "./keys.js";

const scan = (at: Endpoint, text: string, listed: readonly number[]): UriOutcome =>
  at.storage.transaction((transaction) =>
    applyVerificationUri(
      { self: at, clock: at.clock },
      transaction,
      readVerificationUri(text),
      listed as DeviceId[],
    ),
  );

const uriOf = (address: string, ...devices: [id: number, fingerprint: Fingerprint][]): string =>
  writeVerificationUri(
    address,
    devices.map(([id, fingerprint]) => ({ device: device(id), fingerprint })),
  );

describe("applyVerificationUri", () => {
  let world: Endpoints;
  let a1: Endpoint;
  let b1: Endpoint;
  let b2: Endpoint;
  beforeEach(() => {
    world = new Endpoints();
    a1 = world.endpoint(JULIET, 1);
    [b1, b2] = [world.endpoint(ROMEO, 11), world.endpoint(ROMEO, 12)];
  });

  it("verifies what a device shows, and reports the known devices that it does not speak of", () => {
    expect(scan(a1, uriOf(ROMEO, [11, b1.fingerprint]), [11, 12])).eql({
      changes: [{ address: ROMEO, fingerprint: b1.fingerprint, level: "verified", by: "user" }],
      dispatches: [],
      verified: [b1.fingerprint],
      inAdvance: [],
      distrusted: [],
      unmentioned: [{ device: 12, fingerprint: b2.fingerprint }],
      mismatched: [],
    });
    expect([a1.levelOf(b1), a1.levelOf(b2)]).eql(["verified", "trusted"]);
  });

  it("does not report a device that is no longer listed", () => {
    expect(scan(a1, uriOf(ROMEO, [11, b1.fingerprint]), [11]).unmentioned).eql([]);
  });

  it("verifies in advance what no device shows yet", () => {
    expect(scan(a1, uriOf(ROMEO, [13, print(13)]), []).inAdvance).eql([print(13)]);
    expect(a1.levelOf(world.endpoint(ROMEO, 13))).equal("verified");
  });

  it("reports a device that shows another identity than the URI says, and leaves that as it was", () => {
    const outcome = scan(a1, uriOf(ROMEO, [11, print(40)], [12, b2.fingerprint]), [11, 12]);
    expect(outcome.mismatched).eql([{ device: 11, fingerprint: b1.fingerprint }]);
    expect(outcome.unmentioned).eql([]);
    expect([a1.levelOf(b1), a1.levelOf(b2)]).eql(["trusted", "verified"]);
  });

  it("trusts and distrusts what a Trust Message URI says", () => {
    const [uri = ""] = writeTrustMessageUris(ROMEO, { trusted: [key(11)], distrusted: [key(12)] });
    const outcome = scan(a1, uri, [11, 12]);
    expect([outcome.verified, outcome.distrusted]).eql([[b1.fingerprint], [b2.fingerprint]]);
    expect([a1.levelOf(b1), a1.levelOf(b2)]).eql(["verified", "distrusted"]);
  });

  it("passes over the device itself in a URI of one's own devices", () => {
    const a2 = world.endpoint(JULIET, 2);
    const uri = uriOf(JULIET, [1, a1.fingerprint], [2, a2.fingerprint]);
    expect(scan(a1, uri, [2]).verified).eql([a2.fingerprint]);
  });

  it("tells other devices, as every decision of the person does", () => {
    const a2 = world.endpoint(JULIET, 2);
    world.decide(a1, "verified", a2);
    const { dispatches } = scan(a1, uriOf(ROMEO, [11, b1.fingerprint]), [11, 12]);
    expect(dispatches.map(({ to, recipients }) => [to, recipients])).eql([
      [JULIET, [a2.fingerprint]],
      [ROMEO, [b1.fingerprint]],
    ]);
  });

  it("changes nothing and tells nobody when it is scanned again", () => {
    const uri = uriOf(ROMEO, [11, b1.fingerprint]);
    scan(a1, uri, [11]);
    const again = scan(a1, uri, [11]);
    expect([again.changes, again.dispatches, again.verified]).eql([[], [], [b1.fingerprint]]);
  });
});
