import type { EpochMs } from "../../src/clock.js";

/** When codes to a country stop: the options of the section `sign_up.breaker`. */
export interface BreakerRules {
  readonly minShare: number;
  readonly minSignUps: number;
  readonly openMinutes: number;
  readonly trials: number;
}

/** The state of one country's breaker. */
export interface Breaker {
  readonly state: "closed" | "open" | "half-open";
  /** When the state began. */
  readonly since: EpochMs;
  /** Sign-ups that ended with the right code, and without, as far as they count. */
  readonly used: number;
  readonly unused: number;
  /** Half-open: sign-ups let through so far. */
  readonly trials: number;
}

/** Where every breaker begins. */
export const CLOSED: Breaker = { state: "closed", since: 0, used: 0, unused: 0, trials: 0 };

/** How long a half-open breaker waits for trials to end before it lets more through: a sign-up's whole life. */
const TRIAL_WAIT_MS = 35 * 60_000;

/** Whether a sign-up may send its code, and the breaker after that. */
export function pass(
  breaker: Breaker,
  rules: BreakerRules,
  now: EpochMs,
):
  | { readonly isPassed: true; readonly breaker: Breaker }
  | { readonly isPassed: false; readonly waitMs: number } {
  if (breaker.state === "closed") return { isPassed: true, breaker };
  const openMs = rules.openMinutes * 60_000;
  if (breaker.state === "open") {
    const waitMs = breaker.since + openMs - now;
    if (waitMs > 0) return { isPassed: false, waitMs };
    return { isPassed: true, breaker: { ...CLOSED, state: "half-open", since: now, trials: 1 } };
  }
  if (breaker.trials < rules.trials)
    return { isPassed: true, breaker: { ...breaker, trials: breaker.trials + 1 } };
  const waitMs = breaker.since + TRIAL_WAIT_MS - now;
  if (waitMs > 0) return { isPassed: false, waitMs };
  // Trials whose end was never told must not hold it half-open for ever
  return { isPassed: true, breaker: { ...breaker, since: now, trials: 1, used: 0, unused: 0 } };
}

/**
 * Counts how a sign-up ended.
 *
 * @param startedAt when the sign-up began: one from before a half-open phase says nothing about it
 */
export function record(
  breaker: Breaker,
  rules: BreakerRules,
  end: { readonly isUsed: boolean; readonly startedAt: EpochMs },
  now: EpochMs,
): Breaker {
  if (breaker.state === "open" || end.startedAt < breaker.since) return breaker;
  const counted = {
    ...breaker,
    used: breaker.used + (end.isUsed ? 1 : 0),
    unused: breaker.unused + (end.isUsed ? 0 : 1),
  };
  const total = counted.used + counted.unused;
  const share = counted.used / total;
  if (breaker.state === "half-open") {
    if (total < rules.trials) return counted;
    return share < rules.minShare ? open(now) : { ...CLOSED, since: now };
  }
  if (total < rules.minSignUps) return counted;
  if (share < rules.minShare) return open(now);
  // The past fades: a new fraud is seen however long all was well
  return total < 2 * rules.minSignUps
    ? counted
    : { ...counted, used: counted.used / 2, unused: counted.unused / 2 };
}

function open(now: EpochMs): Breaker {
  return { ...CLOSED, state: "open", since: now };
}
