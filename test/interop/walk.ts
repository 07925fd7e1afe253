import { expect } from "chai";
import { seededRandom } from "../../sdk/testing/mod.js";
import { refusalOf, refusalOrResult } from "./party.js";
import type { Party, WireMessage } from "./party.js";
import { text } from "./scenarios/meeting.js";
import type { Meeting } from "./scenarios/meeting.js";

/** So many chains of the other end every implementation keeps; ours and libomemo-c no more. */
const KEPT_CHAINS = 5;

/** What is sent and never arrives is forgotten once there are so many. */
const MOST_ON_THE_WAY = 12;

/** How often each thing happens, out of 100. */
const WEIGHTS = { send: 42, deliver: 36, lose: 6, repeat: 8, damage: 5, restart: 3 } as const;

interface Sent {
  readonly wire: WireMessage;
  readonly words: string;
  /** The sender's chain that it belongs to, from 0. */
  readonly chain: number;
}

/** One end as the model knows it. Source: Double Ratchet §3: a new chain only after one of the other end was seen. */
interface End {
  readonly party: Party;
  /** Its chain; -1 before the first message. */
  chain: number;
  /** Whether its next message begins a chain. */
  isChainDue: boolean;
  /** The newest chain of the other end that it knows; -1 if none. */
  known: number;
  /** What is on its way to it, and what it has read. */
  readonly onTheWay: Sent[];
  readonly seen: Sent[];
}

/** What happened in a walk, so that a test can hold that it was worth walking. */
export type WalkCount = Record<keyof typeof WEIGHTS | "late" | "chains", number>;

/**
 * Lets the two talk at random, with messages lost, repeated, damaged, in any order, and either end restarted, and compares
 * all that is read with what was written.
 *
 * @param seed of all choices; the keys are the devices' own
 * @throws AssertionError that names the step
 */
export async function walk(
  { initiator, responder }: Meeting,
  seed: number,
  steps: number,
): Promise<WalkCount> {
  const random = seededRandom(seed);
  const count: WalkCount = {
    send: 0,
    deliver: 0,
    lose: 0,
    repeat: 0,
    damage: 0,
    restart: 0,
    late: 0,
    chains: 0,
  };
  await initiator.initiate(await responder.bundle(1));
  const first: End = endOf(initiator, true);
  const ends = [first, endOf(responder, false)] as const;
  for (let step = 0; step < steps; step++) {
    const at = Math.floor(random() * 2);
    const [end, other] = at === 0 ? [ends[0], ends[1]] : [ends[1], ends[0]];
    const kind = pickKind(random);
    try {
      if (await take(kind, end, other, random, `message ${step}`, count)) count[kind]++;
    } catch (error) {
      const who = end === first ? "initiator" : "responder";
      throw new Error(`seed ${seed}, step ${step}, ${kind} at the ${who}: ${String(error)}`, {
        cause: error,
      });
    }
  }
  count.chains = ends[0].chain + ends[1].chain + 2;
  return count;
}

function endOf(party: Party, isInitiator: boolean): End {
  return { party, chain: -1, isChainDue: isInitiator, known: -1, onTheWay: [], seen: [] };
}

function pickKind(random: () => number): keyof typeof WEIGHTS {
  let rest = random() * 100;
  for (const [kind, weight] of Object.entries(WEIGHTS)) {
    rest -= weight;
    if (rest < 0) return kind as keyof typeof WEIGHTS;
  }
  return "send";
}

/** @returns whether there was anything to do */
async function take(
  kind: keyof typeof WEIGHTS,
  end: End,
  other: End,
  random: () => number,
  words: string,
  count: WalkCount,
): Promise<boolean> {
  const which = Math.floor(random() * end.onTheWay.length);
  const next = end.onTheWay[which];
  switch (kind) {
    case "send":
      return send(end, other, words);
    case "deliver":
      if (!next) return false;
      end.onTheWay.splice(which, 1);
      await deliver(end, next, count);
      return true;
    case "lose":
      return end.onTheWay.splice(which, 1).length > 0;
    case "repeat":
      return repeat(end, random);
    case "damage":
      return next !== undefined && damage(end, next);
    case "restart":
      await end.party.restart();
      return true;
  }
}

async function send(end: End, other: End, words: string): Promise<boolean> {
  // The responder has no session before the first message arrives
  if (end.chain === -1 && !end.isChainDue) return false;
  if (end.isChainDue) end.chain++;
  end.isChainDue = false;
  const wire = await end.party.encrypt(text(words));
  other.onTheWay.push({ wire, words, chain: end.chain });
  if (other.onTheWay.length > MOST_ON_THE_WAY) other.onTheWay.shift();
  return true;
}

async function deliver(end: End, sent: Sent, count: WalkCount): Promise<void> {
  const result = await refusalOrResult(end.party.decrypt(sent.wire));
  // What comes later than the chains that are kept may be refused, but never be read as something else
  if (sent.chain <= end.known - KEPT_CHAINS && typeof result === "string") return;
  expect(typeof result === "string" ? `refused: ${result}` : result.toString()).to.equal(sent.words);
  end.seen.push(sent);
  if (sent.chain < end.known) count.late++;
  if (sent.chain <= end.known) return;
  end.known = sent.chain;
  end.isChainDue = true;
}

async function repeat(end: End, random: () => number): Promise<boolean> {
  const again = end.seen[Math.floor(random() * end.seen.length)];
  if (!again) return false;
  const refusal = await refusalOf(end.party.decrypt(again.wire));
  if (again.chain > end.known - KEPT_CHAINS) expect(refusal).to.equal(end.party.refusals.duplicate);
  return true;
}

async function damage(end: End, { wire }: Sent): Promise<boolean> {
  // The last byte of a message is one of its MAC; in a prekey message it is anything
  if (wire.isPreKeyMessage) return false;
  const message = Buffer.from(wire.message);
  message[message.length - 1]! ^= 1;
  await refusalOf(end.party.decrypt({ ...wire, message }));
  return true;
}
