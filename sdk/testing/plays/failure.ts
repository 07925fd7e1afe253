import { AssertionError } from "node:assert";

/** Why a play failed, and where. */
export interface PlayFailure {
  /** Of the file, from 1. */
  readonly line: number;
  /** The act as it stands there. */
  readonly act: string;
  readonly message: string;
  /** What the play wants to see. */
  readonly expected?: string | undefined;
  /** What came. */
  readonly actual?: string | undefined;
  /** What differs, one thing a line. */
  readonly differences?: readonly string[] | undefined;
}

/** Something else came than the play expects. */
export class PlayMismatch extends Error {
  readonly expected: string;
  readonly actual: string;
  readonly differences: readonly string[];

  constructor(message: string, expected: string, actual: string, differences: readonly string[] = []) {
    super(message);
    this.expected = expected;
    this.actual = actual;
    this.differences = differences;
  }
}

/** Reads what an act failed with. */
export function failureOf(error: unknown, line: number, act: string): PlayFailure {
  if (error instanceof PlayMismatch) {
    const { message, expected, actual, differences } = error;
    return { line, act, message, expected, actual, differences };
  }
  const { message } = error as Error;
  if (error instanceof AssertionError)
    return { line, act, message, expected: String(error.expected), actual: String(error.actual) };
  return { line, act, message };
}

/** A failure in words: where, what was expected, what came. */
export function describeFailure(file: string, failure: PlayFailure): string {
  const indented = (text: string): string => text.replaceAll(/^/gm, "    ");
  const parts = [`${file}:${failure.line}: ${failure.act}`, `  ${failure.message}`];
  for (const difference of failure.differences ?? []) parts.push(`  - ${difference}`);
  if (failure.expected !== undefined) parts.push("  expected:", indented(failure.expected));
  if (failure.actual !== undefined) parts.push("  came:", indented(failure.actual));
  return parts.join("\n");
}
