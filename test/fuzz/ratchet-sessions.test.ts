import { expect } from "chai";
import { parseSession, RatchetError, serialiseSession } from "../../sdk/ratchet/mod.js";
import type { Profile } from "../../sdk/ratchet/mod.js";
import { MAX_RECEIVING_CHAINS, MAX_SKIPPED_KEYS } from "../../sdk/ratchet/session.js";
import { identityOfSign, PROFILES } from "../sdk/ratchet/device.js";
import type { WireMessage } from "../sdk/ratchet/device.js";
import { fuzz } from "./harness.js";
import { Party, partyKeys } from "./ratchet-party.js";

const PRE_KEYS = 24;
const MAX_INITIATIONS = PRE_KEYS / 2;
const MAX_STATE_SIZE_BYTES = 1000 + MAX_SKIPPED_KEYS * 36;

/** What the model knows of a message: never how it was encrypted, only what has to come out, and that it comes out once. */
interface Posted {
  readonly wire: WireMessage;
  readonly plaintext: string;
  isRead: boolean;
}

/** One end: the device, what it has sent, and how many sessions it has begun. */
interface End {
  readonly party: Party;
  readonly sent: Posted[];
  begun: number;
}

/** Two bytes are a step: the first says what and at which end, the second is its figure. */
class Play {
  readonly ends: readonly [End, End];
  readonly seen = new Set<string>();

  constructor(parties: readonly [Party, Party]) {
    const [juliet, romeo] = parties.map((party) => ({ party, sent: [], begun: 0 }));
    this.ends = [juliet!, romeo!];
  }

  step(what: number, figure: number): void {
    const [self, other] = what & 1 ? this.ends : ([this.ends[1], this.ends[0]] as const);
    const kind = (what >> 1) % 9;
    if (kind <= 2) this.#send(self);
    else if (kind <= 4) this.#deliver(self, other, figure % 4);
    else if (kind === 5) this.#deliver(self, other, figure);
    else if (kind === 6) this.#tamper(self, other, figure);
    else if (kind === 7) this.#begin(self, other);
    // Lost: it can no longer be chosen
    else self.sent.splice(-1 - (figure % 4), 1);
  }

  /** Whatever has happened, two devices that begin anew understand each other. */
  settle(): void {
    for (const [self, other] of [this.ends, [this.ends[1], this.ends[0]] as const]) {
      self.begun = 0;
      this.#begin(self, other);
      for (const [from, to] of [
        [self, other],
        [other, self],
        [self, other],
      ] as const) {
        this.#send(from);
        const { wire, plaintext } = from.sent.at(-1)!;
        expect(to.party.receive(wire).toString()).to.equal(plaintext);
        from.sent.at(-1)!.isRead = true;
      }
    }
  }

  check(): void {
    for (const { party } of this.ends) {
      for (const stored of party.sessions) {
        const session = parseSession(stored);
        expect(serialiseSession(session).equals(stored)).to.equal(true);
        expect(session.receiving.length).to.be.at.most(MAX_RECEIVING_CHAINS);
        expect(stored.length).to.be.at.most(MAX_STATE_SIZE_BYTES);
      }
    }
  }

  #begin(self: End, other: End): void {
    if (self.begun++ >= MAX_INITIATIONS) return;
    // The last ones are for settling
    const preKey = [...other.party.preKeys.values()][0];
    if (preKey) self.party.initiate(other.party, preKey);
  }

  #send(self: End): void {
    if (self.party.sessions.length === 0) return;
    const plaintext = `message ${self.sent.length} of ${self.party.keys.signedPreKey.id}`;
    self.sent.push({ wire: self.party.send(Buffer.from(plaintext)), plaintext, isRead: false });
  }

  #deliver(self: End, other: End, which: number): void {
    const posted = self.sent.at(-1 - which);
    if (!posted) return;
    const opened = this.#receive(other.party, posted.wire);
    if (opened === undefined) return;
    expect(posted.isRead, "a message opens once").to.equal(false);
    expect(opened).to.equal(posted.plaintext);
    posted.isRead = true;
  }

  /** Damage is noticed; what stands around a first message decides nothing, and may leave it what it is. */
  #tamper(self: End, other: End, figure: number): void {
    const posted = self.sent.at(-1 - (figure % 3));
    if (!posted) return;
    const message = Buffer.from(posted.wire.message);
    message[(figure * 7) % message.length]! ^= 1 << (figure % 8);
    const opened = this.#receive(other.party, { ...posted.wire, message });
    if (opened === undefined) return;
    expect(posted.wire.isPreKeyMessage, "a damaged message never opens").to.equal(true);
    expect(posted.isRead, "a message opens once").to.equal(false);
    expect(opened).to.equal(posted.plaintext);
    posted.isRead = true;
  }

  #receive(party: Party, wire: WireMessage): string | undefined {
    const [sessions, preKeys] = [party.sessions, party.preKeys.size];
    const before = Buffer.concat(sessions);
    try {
      const opened = party.receive(wire).toString();
      this.seen.add("ok");
      return opened;
    } catch (error) {
      if (!(error instanceof RatchetError)) throw error;
      this.seen.add(error.code);
      expect(party.sessions, "nothing is stored").to.equal(sessions);
      expect(Buffer.concat(sessions).equals(before), "nothing is changed").to.equal(true);
      expect(party.preKeys.size, "no prekey is used up").to.equal(preKeys);
      return undefined;
    }
  }
}

/** The letters of a script: capitals are Juliet's steps, small ones Romeo's; the digit after each is its figure. */
const LETTERS = { s: 0, d: 6, a: 10, t: 12, b: 14, l: 16 } as const;

/** A script as bytes: `s`end, `d`eliver one of the newest four, deliver `a`ny, `t`amper, `b`egin, `l`ose. */
function script(letters: string): Buffer {
  return Buffer.from(
    [...letters.matchAll(/([a-z])(\d)/gi)].flatMap(([, letter = "", digit]) => {
      const what = LETTERS[letter.toLowerCase() as keyof typeof LETTERS];
      return [letter < "a" ? what | 1 : what, Number(digit)];
    }),
  );
}

const SCRIPTS = [
  // A talk, with an answer, duplicates and one out of order
  "B0S0D0s0d0S0S0S0D0D1D1D2A0A1",
  // Both begin at once
  "B0b0S0s0D0d0S0s0D0d0",
  // Loss and damage, and more sessions than are kept
  "B0S0L0S0T5D0".repeat(6),
];

function target(profile: Profile): void {
  const keys = ([0, 1] as const).map((sign) => partyKeys(profile, identityOfSign(sign), PRE_KEYS));
  fuzz({
    name: `${profile.id === 1 ? "axolotl" : "omemo2"}-sessions`,
    promise: "opens each message once and as it was, changes nothing where it refuses, and recovers",
    seeds: () => SCRIPTS.map(script),
    maxSizeBytes: 256,
    run: (input) => {
      const play = new Play([new Party(keys[0]!), new Party(keys[1]!)]);
      for (let at = 0; at + 1 < input.length; at += 2) play.step(input[at] ?? 0, input[at + 1] ?? 0);
      play.check();
      const sessions = play.ends.map(({ party }) => party.sessions.length);
      play.settle();
      play.check();
      return [...[...play.seen].sort(), ...sessions].join(" ");
    },
  });
}

for (const profile of PROFILES) target(profile);
