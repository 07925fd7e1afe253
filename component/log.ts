import { pino, type DestinationStream } from "pino";
import type { PhoneNumber } from "../src/phone-number.js";
import { redactPhoneNumber } from "../src/phone-number.js";
import type { Vault } from "./store/vault.js";

/** Structured logging: one JSON object a line. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Levels of the log, from the most talkative. */
export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

/** Fields that never reach a log line, whoever passes them, at the top or one level down. */
const SECRET_FIELDS = [
  "body",
  "code",
  "pin",
  "password",
  "secret",
  "token",
  "key",
  "number",
  "phone",
  "authorization",
  "payload",
  "stanza",
];

/** Makes the log. @param destination where the lines go; standard error when left out */
export function createLog(level: (typeof LOG_LEVELS)[number], destination?: DestinationStream): Log {
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: [...SECRET_FIELDS, ...SECRET_FIELDS.map((name) => `*.${name}`)],
        censor: "[redacted]",
      },
      formatters: { level: (label) => ({ level: label }) },
    },
    destination ?? pino.destination(2),
  );
}

/** A number as a log may hold it: shortened, with a keyed hash to tell numbers apart. */
export function loggedNumber(vault: Vault, number: PhoneNumber): string {
  return `${redactPhoneNumber(number)}#${vault.keyedHash("log", number).toString("hex").slice(0, 8)}`;
}
