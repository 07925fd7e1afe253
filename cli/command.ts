import { type Command, InvalidArgumentError } from "commander";
import { InvalidInput } from "../src/errors.js";
import { Jid } from "../src/jid.js";
import { phoneNumber, type PhoneNumber } from "../src/phone-number.js";

/** What a command answers with `--json`. */
export interface JsonAnswer {
  /** One line of it. */
  readonly example: object;
  /** When there is not exactly one. */
  readonly lines?: string | undefined;
}

const answers = new WeakMap<Command, readonly JsonAnswer[]>();

/** Says by examples what a command answers with `--json`; the documentation shows them, and tests hold them. */
export function answersJson(command: Command, ...examples: readonly JsonAnswer[]): void {
  answers.set(command, examples);
}

/** What a command answers with `--json`. */
export function jsonAnswersOf(command: Command): readonly JsonAnswer[] {
  return answers.get(command) ?? [];
}

/** Reads a number in international form. @throws {InvalidArgumentError} */
export function readNumber(text: string): PhoneNumber {
  try {
    return phoneNumber(text);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new InvalidArgumentError("A number is in international form, like +15551230001.");
  }
}

/** Reads a TCP port. @throws {InvalidArgumentError} */
export function readPort(text: string): number {
  const number = Number(text);
  if (/^\d{1,5}$/.test(text) && number >= 1 && number <= 65_535) return number;
  throw new InvalidArgumentError("A port is a number from 1 to 65535.");
}

/** Reads a domain. @throws {InvalidArgumentError} */
export function readDomain(text: string): string {
  const jid = Jid.tryParse(text);
  if (jid && jid.local === "" && !jid.isFull) return jid.domain;
  throw new InvalidArgumentError("A domain is a name like example.org.");
}

/** Makes what reads a whole number within bounds. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d{1,10}$/.test(text) && number >= from && number <= to) return number;
    throw new InvalidArgumentError(`It is a whole number from ${from} to ${to}.`);
  };
}
