import { DuplicateMessage, TooManySkippedKeys } from "./errors.js";
import { stepChain } from "./kdf.js";
import { MAX_SKIPPED_KEYS } from "./session.js";
import type { ReceivingChain } from "./session.js";

/** The size of one entry of `ReceivingChain.skipped`. */
export const SKIPPED_ENTRY_SIZE_BYTES = 36;

const COUNTER_SIZE_BYTES = 4;

/** A chain after a message was taken from it, and the seed of that message's keys: a buffer of its own. */
export interface Taken {
  readonly chain: ReceivingChain;
  readonly seed: Buffer;
}

/**
 * Takes the message with this counter from the chain: a skipped one, or one ahead.
 *
 * @param maxSkip how many messages it may skip
 * @throws DuplicateMessage, TooManySkippedKeys. Source: Double Ratchet §3.5, TrySkippedMessageKeys and SkipMessageKeys.
 */
export function takeMessageKey(chain: ReceivingChain, counter: number, maxSkip: number): Taken {
  return counter < chain.counter ? takeSkipped(chain, counter) : takeAhead(chain, counter, maxSkip);
}

function takeSkipped(chain: ReceivingChain, counter: number): Taken {
  const { skipped } = chain;
  for (let at = 0; at < skipped.length; at += SKIPPED_ENTRY_SIZE_BYTES) {
    if (skipped.readUInt32BE(at) !== counter) continue;
    const end = at + SKIPPED_ENTRY_SIZE_BYTES;
    return {
      chain: { ...chain, skipped: Buffer.concat([skipped.subarray(0, at), skipped.subarray(end)]) },
      seed: Buffer.from(skipped.subarray(at + COUNTER_SIZE_BYTES, end)),
    };
  }
  throw new DuplicateMessage();
}

function takeAhead(chain: ReceivingChain, counter: number, maxSkip: number): Taken {
  const jump = counter - chain.counter;
  if (jump > maxSkip) throw new TooManySkippedKeys(jump, maxSkip);
  const added = Buffer.alloc(jump * SKIPPED_ENTRY_SIZE_BYTES);
  let step = stepChain(chain.chainKey);
  for (let index = 0; index < jump; index++) {
    const at = index * SKIPPED_ENTRY_SIZE_BYTES;
    added.writeUInt32BE(chain.counter + index, at);
    added.set(step.seed, at + COUNTER_SIZE_BYTES);
    step.seed.fill(0);
    const next = stepChain(step.chainKey);
    // Only those in between: the first belongs to the session that was passed in, the last to the one that is given back
    step.chainKey.fill(0);
    step = next;
  }
  return {
    chain: {
      ratchetKey: chain.ratchetKey,
      chainKey: step.chainKey,
      counter: counter + 1,
      skipped: jump === 0 ? chain.skipped : Buffer.concat([chain.skipped, added]),
    },
    seed: step.seed,
  };
}

/** The chains without their oldest skipped message keys, as far as they are too many altogether. */
export function dropOldestSkipped(chains: readonly ReceivingChain[]): readonly ReceivingChain[] {
  const kept = chains.reduce((sum, chain) => sum + chain.skipped.length / SKIPPED_ENTRY_SIZE_BYTES, 0);
  let excess = kept - MAX_SKIPPED_KEYS;
  if (excess <= 0) return chains;
  return chains.map((chain) => {
    const dropped = Math.min(excess, chain.skipped.length / SKIPPED_ENTRY_SIZE_BYTES);
    excess -= dropped;
    return dropped === 0
      ? chain
      : { ...chain, skipped: chain.skipped.subarray(dropped * SKIPPED_ENTRY_SIZE_BYTES) };
  });
}
