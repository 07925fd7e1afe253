import { hashPin, isPin, isRightPin } from "../accounts/pin.js";
import type { NewDevice } from "../accounts/store.js";
import type { Context } from "../capability.js";
import type { Remote } from "../store/operations.js";
import type { Codes } from "./codes.js";
import { SignUpRefusal } from "./refusal.js";
import type { Checked, SignUpOperations } from "./store.js";

/** What a person gives to prove a number. */
export interface Proof {
  readonly code: string;
  /** The PIN that protects the number. */
  readonly pin?: string | undefined;
  /** The PIN that shall protect it from now on; the empty text for none. */
  readonly newPin?: string | undefined;
  readonly device?: NewDevice | undefined;
  /** The localpart that a newcomer would like. */
  readonly localpart?: string | undefined;
}

/** What is known after the right code. */
export type RightCheck = Extract<Checked, { status: "right" }>;

/** Checks what people give to prove that a number is theirs. */
export class Proofs {
  readonly #context: Context;
  readonly #codes: Codes;
  readonly #operations: Remote<SignUpOperations>;

  /** @param codes knows how sessions and codes are named in the store */
  constructor(context: Context, codes: Codes) {
    this.#context = context;
    this.#codes = codes;
    this.#operations = context.store.of<SignUpOperations>("sign-up");
  }

  /** Checks the code; a wrong one counts. @param linkJid the account that links the number @throws {SignUpRefusal} */
  async check(session: string, proof: Proof, linkJid: string | null): Promise<RightCheck> {
    for (const pin of [proof.pin, proof.newPin])
      if (pin !== undefined && pin !== "" && !isPin(pin)) throw new SignUpRefusal("pin-invalid");
    const { clock, config, metrics } = this.#context;
    const checked = await this.#operations.check(
      this.#codes.sessionKey(session),
      linkJid,
      this.#codes.codeHash(session, proof.code),
      config.signUp.breaker,
      clock.now(),
    );
    metrics.signUps.inc({ step: "check", outcome: checked.status });
    if (checked.status === "right") return checked;
    throw checkRefusal(checked);
  }

  /** Hashes the PIN that is to protect the number; empty for none, null to keep the one that was given. */
  async hashNewPin(pin: string | undefined): Promise<Uint8Array | null> {
    if (pin === undefined) return null;
    return pin === "" ? new Uint8Array() : hashPin(this.#context.vault, pin);
  }

  /**
   * Has the PIN of the number given; the guess is counted before it is evaluated, so that many at once are not many.
   *
   * @returns the hash that it was right for @throws {SignUpRefusal}
   */
  async passPin(checked: RightCheck, hash: Uint8Array, pin: string | undefined): Promise<Uint8Array> {
    const { config, clock, vault, metrics } = this.#context;
    if (pin === undefined || pin === "") throw new SignUpRefusal("pin-required");
    const rate = config.signUp.limits.pin;
    const waitMs = await this.#operations.takePinTry(checked.numberHash, rate, clock.now());
    if (waitMs > 0) {
      metrics.limiterHits.inc({ limit: "pin" });
      throw new SignUpRefusal("pin-locked", { retryAfterMs: waitMs });
    }
    const isRight = await isRightPin(vault, pin, hash);
    metrics.signUps.inc({ step: "pin", outcome: isRight ? "right" : "wrong" });
    if (!isRight) throw new SignUpRefusal("pin-wrong");
    await this.#operations.givePinTryBack(checked.numberHash, rate, clock.now());
    return hash;
  }
}

function checkRefusal(checked: Exclude<Checked, { status: "right" }>): SignUpRefusal {
  switch (checked.status) {
    case "no-session":
      return new SignUpRefusal("session-unknown");
    case "exhausted":
      return new SignUpRefusal("checks-exhausted");
    case "too-early":
      return new SignUpRefusal("too-early", { retryAfterMs: checked.waitMs });
    case "wrong":
    case "expired": {
      const { checkInMs, checksLeft } = checked.steps;
      const isLast = checkInMs === undefined;
      return new SignUpRefusal(checked.status === "wrong" ? "code-wrong" : "code-expired", {
        checksLeft,
        ...(isLast ? {} : { retryAfterMs: checkInMs }),
      });
    }
  }
}
