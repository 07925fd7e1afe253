import { randomBytes } from "node:crypto";
import { pathToFileURL } from "node:url";
import {
  acceptPreKeyMessage,
  axolotl,
  decrypt,
  encrypt,
  generateIdentity,
  generatePreKeys,
  generateSignedPreKey,
  initiate,
  omemo2,
  parseSession,
  readPreKeyMessage,
  serialiseSession,
} from "../sdk/ratchet/mod.js";
import type { Profile } from "../sdk/ratchet/mod.js";
import { LibomemoPeer } from "../test/interop/libomemo-c/peer.js";
import { median, row } from "./rows.js";
import type { Row } from "./rows.js";

/** In the order of the medians that either side gives. */
const OPERATIONS = [
  { name: "session building (X3DH and first encrypt)", goal: "<= 0.45" },
  { name: "first decrypt (X3DH and first decrypt)", goal: "<= 0.45" },
  { name: "ping-pong (encrypt and decrypt, new ratchet key each)", goal: "<= 0.45" },
  { name: "in-chain encrypt, 32 bytes", goal: "<= 1.5" },
  { name: "in-chain decrypt, 32 bytes", goal: "<= 1.5" },
] as const;

const PROFILES = [
  { label: "ratchet", profile: axolotl },
  { label: "ratchet, OMEMO 2", profile: omemo2 },
] as const;

const PLAINTEXT = Buffer.alloc(32, 7);
const IN_CHAIN = 200;
const DEVICES = 512;
const REGISTRATION_ID = 1;
/** Rounds that are not counted: they pay for compiling. */
const WARM_UP = 4;

/**
 * Measures each operation of the ratchet and of libomemo-c in turn, in microseconds, state loaded and stored as bytes each time.
 *
 * @param rounds how often the two take turns; the medians of the rounds are compared
 * @param sessions how many sessions a round builds, at most 200
 */
export async function benchRatchet(rounds = 9, sessions = 100): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { label, profile } of PROFILES) {
    rows.push(...(await besideLibomemo(label, profile, rounds, sessions)));
  }
  return [...rows, manyDevices(rounds)];
}

async function besideLibomemo(
  label: string,
  profile: Profile,
  rounds: number,
  sessions: number,
): Promise<Row[]> {
  const peer = new LibomemoPeer(profile);
  const ours: number[][] = [];
  const theirs: number[][] = [];
  try {
    for (let round = 0; round < WARM_UP; round++) measure(profile, sessions);
    await peer.bench(sessions);
    for (let round = 0; round < rounds; round++) {
      theirs.push(await peer.bench(sessions));
      ours.push(measure(profile, sessions));
    }
  } finally {
    await peer.stop();
  }
  return OPERATIONS.map(({ name, goal }, index) => {
    const value = median(ours.map((medians) => medians[index] ?? Number.NaN));
    const baseline = median(theirs.map((medians) => medians[index] ?? Number.NaN));
    return row(`${label}: ${name}`, "µs", value, baseline, goal);
  });
}

/** One message key for each of many devices, beside as many messages for a single one, in turn: medians, as in the rows above. */
function manyDevices(rounds: number): Row {
  let one = establishedSession();
  const many = Array.from({ length: DEVICES }, () => withOtherChain(one));
  const apart: number[] = [];
  const inChain: number[] = [];
  for (let round = 0; round < WARM_UP + rounds; round++) {
    const [each, alone]: [number[], number[]] = [[], []];
    for (const [index, stored] of many.entries()) many[index] = timed(each, () => send(stored)).stored;
    for (let index = 0; index < DEVICES; index++) one = timed(alone, () => send(one)).stored;
    if (round < WARM_UP) continue;
    apart.push(median(each));
    inChain.push(median(alone));
  }
  const name = `ratchet: for ${DEVICES} devices, each, beside in-chain encrypt`;
  return row(name, "µs", median(apart), median(inChain), "<= 1.2");
}

function establishedSession(): Buffer {
  const [juliet, romeo] = [generateIdentity(), generateIdentity()];
  const signedPreKey = generateSignedPreKey(axolotl, romeo, 1);
  const bundle = { identityKey: axolotl.encodeIdentity(romeo), signedPreKey };
  const first = encrypt(initiate(axolotl, juliet, bundle, { registrationId: REGISTRATION_ID }), PLAINTEXT);
  const own = { signedPreKey: () => signedPreKey, preKey: () => undefined };
  const { session } = acceptPreKeyMessage(romeo, own, readPreKeyMessage(axolotl, first.message));
  return serialiseSession(encrypt(session, PLAINTEXT).session);
}

function withOtherChain(stored: Uint8Array): Buffer {
  const session = parseSession(stored);
  const sending = session.sending && { ...session.sending, chainKey: randomBytes(32) };
  return serialiseSession({ ...session, sending });
}

/** The same operations in the same order as `bench.c` beside the peer. */
function measure(profile: Profile, sessions: number): number[] {
  const juliet = generateIdentity();
  const romeo = generateIdentity();
  const signedPreKey = generateSignedPreKey(profile, romeo, 1);
  const preKeys = generatePreKeys(profile, 1, sessions);
  const own = { signedPreKey: () => signedPreKey, preKey: (id: number) => preKeys[id - 1] };
  const build: number[] = [];
  const first: number[] = [];
  const pingPong: number[] = [];
  let atJuliet: Uint8Array = Buffer.alloc(0);
  let atRomeo: Uint8Array = Buffer.alloc(0);
  for (const preKey of preKeys) {
    const bundle = { identityKey: profile.encodeIdentity(romeo), signedPreKey, preKey };
    const sent = timed(build, () => {
      // Stored in between as well, as libomemo-c does
      const begun = initiate(profile, juliet, bundle, { registrationId: REGISTRATION_ID });
      return send(serialiseSession(begun));
    });
    const received = timed(first, () => {
      const accepted = acceptPreKeyMessage(romeo, own, readPreKeyMessage(profile, sent.message));
      return serialiseSession(accepted.session);
    });
    atJuliet = sent.stored;
    atRomeo = received;
  }
  for (let turn = 0; turn < sessions; turn++) {
    timed(pingPong, () => {
      const sent = send(atRomeo);
      const received = receive(atJuliet, sent.message);
      [atRomeo, atJuliet] = [received, sent.stored];
    });
  }
  return [build, first, pingPong, ...measureInChain(atRomeo, atJuliet)].map(median);
}

function measureInChain(from: Uint8Array, to: Uint8Array): [number[], number[]] {
  const encrypting: number[] = [];
  const decrypting: number[] = [];
  const begun = send(from);
  let [sender, receiver] = [begun.stored, receive(to, begun.message)];
  const messages = Array.from({ length: IN_CHAIN }, () => {
    const sent = timed(encrypting, () => send(sender));
    sender = sent.stored;
    return sent.message;
  });
  for (const message of messages) receiver = timed(decrypting, () => receive(receiver, message));
  return [encrypting, decrypting];
}

function send(stored: Uint8Array): { stored: Buffer; message: Buffer } {
  const { session, message } = encrypt(parseSession(stored), PLAINTEXT);
  return { stored: serialiseSession(session), message };
}

function receive(stored: Uint8Array, message: Uint8Array): Buffer {
  return serialiseSession(decrypt(parseSession(stored), message).session);
}

function timed<Result>(into: number[], operation: () => Result): Result {
  const start = process.hrtime.bigint();
  const result = operation();
  into.push(Number(process.hrtime.bigint() - start) / 1000);
  return result;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const measured of await benchRatchet()) {
    const figures = `${measured.value.toFixed(1)} ${measured.unit} against ${measured.baseline.toFixed(1)} ${measured.unit}`;
    console.log(
      `${measured.name}: ${figures}, ratio ${measured.ratio.toFixed(2)} (goal ${measured.goal}) ${measured.holds ? "ok" : "MISSED"}`,
    );
  }
}
