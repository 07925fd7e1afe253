import { TwotickError } from "../../../src/errors.js";
import type { PhoneNumber } from "../../../src/phone-number.js";
import type { Channel } from "../service.js";

/** A code on its way to a person. */
export interface CodeMessage {
  readonly number: PhoneNumber;
  readonly channel: Channel;
  readonly code: string;
  /** The sentence to send, with the code in it. */
  readonly text: string;
}

/** Who carries codes. */
export interface CodeProvider {
  /** The ways that it can send. */
  readonly channels: readonly Channel[];
  /** Hands a code over. @throws {CodeNotSent} */
  send(message: CodeMessage): Promise<void>;
}

/**
 * The provider did not take a code.
 *
 * Trying again later helps unless `isPermanent`: it refuses this very message, or is not set up for it.
 */
export class CodeNotSent extends TwotickError {
  readonly isPermanent: boolean;

  /** @param reason what happened, without number and code */
  constructor(reason: string, options: { readonly isPermanent?: boolean; readonly cause?: unknown } = {}) {
    super("code-not-sent", reason, options.cause);
    this.isPermanent = options.isPermanent ?? false;
  }
}

/** What a template may name. */
export type Placeholders = Readonly<Record<"number" | "code" | "text" | "channel" | "secret", string>>;

/**
 * Fills in a template: `{number}`, `{code}`, `{text}`, `{channel}`, `{secret}`.
 *
 * Each value is written by `encode` first, so that none can break out of its place; other braces stay as they are.
 */
export function fillIn(template: string, values: Placeholders, encode: (value: string) => string): string {
  return template.replaceAll(/\{(number|code|text|channel|secret)\}/g, (_, name: keyof Placeholders) =>
    encode(values[name]),
  );
}

/** Waits before the second, third … try of a send. */
const RETRY_WAITS_MS = [500, 2000, 5000, 10_000];

/**
 * Tries to send until it works, at most `attempts` times.
 *
 * @param wait resolves after so many milliseconds
 * @throws {CodeNotSent} the last one; a permanent one at once
 */
export async function withRetries(
  attempts: number,
  wait: (ms: number) => Promise<void>,
  send: () => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof CodeNotSent) || error.isPermanent || attempt >= attempts) throw error;
      await wait(RETRY_WAITS_MS[attempt - 1] ?? 10_000);
    }
  }
}
