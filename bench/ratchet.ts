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
  parseSession,
  readPreKeyMessage,
  serialiseSession,
} from "../sdk/ratchet/mod.js";
import { LibomemoPeer } from "../test/interop/libomemo-c/peer.js";
import { median, row } from "./rows.js";
import type { Row } from "./rows.js";

/** In the order of the medians that either side gives. */
const OPERATIONS = [
  { name: "ratchet: session building (X3DH and first encrypt)", goal: "<= 0.6" },
  { name: "ratchet: first decrypt (X3DH and first decrypt)", goal: "<= 0.6" },
  { name: "ratchet: ping-pong (encrypt and decrypt, new ratchet key each)", goal: "<= 0.6" },
  { name: "ratchet: in-chain encrypt, 32 bytes", goal: "<= 3" },
  { name: "ratchet: in-chain decrypt, 32 bytes", goal: "<= 3" },
] as const;

const PLAINTEXT = Buffer.alloc(32, 7);
const IN_CHAIN = 200;
const REGISTRATION_ID = 1;

/**
 * Measures each operation of the ratchet and of libomemo-c in turn, in microseconds, state loaded and stored as bytes each time.
 *
 * @param rounds how often the two take turns; the medians of the rounds are compared
 * @param sessions how many sessions a round builds, at most 200
 */
export async function benchRatchet(rounds = 9, sessions = 100): Promise<Row[]> {
  const peer = new LibomemoPeer();
  const ours: number[][] = [];
  const theirs: number[][] = [];
  try {
    measure(sessions); // the first round pays for compiling
    await peer.bench(sessions);
    for (let round = 0; round < rounds; round++) {
      theirs.push(await peer.bench(sessions));
      ours.push(measure(sessions));
    }
  } finally {
    await peer.stop();
  }
  return OPERATIONS.map(({ name, goal }, index) => {
    const value = median(ours.map((medians) => medians[index] ?? Number.NaN));
    const baseline = median(theirs.map((medians) => medians[index] ?? Number.NaN));
    return row(name, "µs", value, baseline, goal);
  });
}

/** The same operations in the same order as `bench.c` beside the peer. */
function measure(sessions: number): number[] {
  const juliet = generateIdentity();
  const romeo = generateIdentity();
  const signedPreKey = generateSignedPreKey(axolotl, romeo, 1);
  const preKeys = generatePreKeys(axolotl, 1, sessions);
  const own = { signedPreKey: () => signedPreKey, preKey: (id: number) => preKeys[id - 1] };
  const build: number[] = [];
  const first: number[] = [];
  const pingPong: number[] = [];
  let atJuliet: Uint8Array = Buffer.alloc(0);
  let atRomeo: Uint8Array = Buffer.alloc(0);
  for (const preKey of preKeys) {
    const bundle = { identityKey: axolotl.encodeIdentity(romeo), signedPreKey, preKey };
    const sent = timed(build, () => {
      // Stored in between as well, as libomemo-c does
      const begun = initiate(axolotl, juliet, bundle, { registrationId: REGISTRATION_ID });
      return send(serialiseSession(begun));
    });
    const received = timed(first, () => {
      const accepted = acceptPreKeyMessage(romeo, own, readPreKeyMessage(axolotl, sent.message));
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
    const figures = `${measured.value.toFixed(1)} ${measured.unit}, libomemo-c ${measured.baseline.toFixed(1)} ${measured.unit}`;
    console.log(
      `${measured.name}: ${figures}, ratio ${measured.ratio.toFixed(2)} (goal ${measured.goal}) ${measured.holds ? "ok" : "MISSED"}`,
    );
  }
}
