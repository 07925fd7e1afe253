import { RatchetError } from "../../sdk/ratchet/mod.js";
import type { Bundle } from "../../sdk/ratchet/mod.js";

/** A message on its way. */
export interface WireMessage {
  readonly isPreKeyMessage: boolean;
  readonly message: Uint8Array;
}

/** How an implementation calls what it refuses. */
export interface Refusals {
  /** A message that it has read before. */
  readonly duplicate: string;
  /** A message within a known chain whose MAC does not fit. */
  readonly badMac: string;
  /** A one-time prekey that is not there any more. */
  readonly usedPreKey: string;
  /** A bundle without a one-time prekey; undefined if it can do without. */
  readonly noPreKey?: string;
  /** A key of small order, which gives the same secret whatever the other key is; undefined if it takes it. */
  readonly weakKey?: string;
  /** A bundle whose signature does not fit. */
  readonly forgedBundle: string;
}

/** A device with one peer: ours, or one over somebody else's library. All of them refuse by throwing. */
export interface Party {
  readonly refusals: Refusals;
  /** Its bundle, with this one-time prekey (1 to 3 at least) or none. */
  bundle(preKeyId?: number): Promise<Bundle>;
  /** Begins a session. */
  initiate(bundle: Bundle): Promise<void>;
  encrypt(plaintext: Uint8Array): Promise<WireMessage>;
  decrypt(message: WireMessage): Promise<Buffer>;
  /** All that it stores. */
  save(): Promise<string>;
  /** Forgets everything and goes on from what was stored. */
  load(saved: string): Promise<void>;
  /** Ends, and begins anew with nothing but what it has stored. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** The peer refused; `code` is what its library calls that, for example `-1001` or `DecryptionFailed`. */
export class PeerRefused extends Error {
  readonly code: string;

  /** @param code the error code of the peer's library */
  constructor(code: string) {
    super(`the peer refused: ${code}`);
    this.code = code;
  }
}

/** What the party calls its refusal; any other error, or none at all, fails the test. */
export async function refusalOf(attempt: Promise<unknown>): Promise<string> {
  const code = await refusalOrResult(attempt);
  if (typeof code === "string") return code;
  throw new Error("it was accepted");
}

/** The name of the refusal, or what came out. */
export async function refusalOrResult<T>(attempt: Promise<T>): Promise<string | T> {
  try {
    return await attempt;
  } catch (error) {
    if (error instanceof PeerRefused || error instanceof RatchetError) return error.code;
    throw error;
  }
}

/** The same device, which restarts after whatever it does. */
export function restartingAfterEveryStep(party: Party): Party {
  const thenRestart = async <T>(step: Promise<T>): Promise<T> => {
    try {
      return await step;
    } finally {
      await party.restart();
    }
  };
  return {
    refusals: party.refusals,
    bundle: (preKeyId) => thenRestart(party.bundle(preKeyId)),
    initiate: (bundle) => thenRestart(party.initiate(bundle)),
    encrypt: (plaintext) => thenRestart(party.encrypt(plaintext)),
    decrypt: (message) => thenRestart(party.decrypt(message)),
    save: () => party.save(),
    load: (saved) => party.load(saved),
    restart: () => party.restart(),
    stop: () => party.stop(),
  };
}
