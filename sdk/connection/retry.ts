import type { RetryOptions } from "./options.js";

/**
 * How long to wait before an attempt: a random part of a time that doubles, so that a thousand clients whose
 * server came back do not all come at once ("full jitter").
 *
 * @param attempt how many attempts failed before, from 0
 * @param random a number from 0 to 1
 */
export function retryDelayMs(attempt: number, options: RetryOptions, random: number): number {
  return random * Math.min(options.maxMs, options.minMs * 2 ** Math.min(attempt, 30));
}
