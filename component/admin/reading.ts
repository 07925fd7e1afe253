import { z } from "zod";
import { InvalidInput } from "../../src/errors.js";
import { phoneNumber, type PhoneNumber } from "../../src/phone-number.js";
import { Problem } from "../http/problem.js";

/** Reads a row's id out of a path or query. @throws {Problem} */
export function readId(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Problem(400, "bad-request", "The id is not a number");
  return Number(text);
}

/** Reads a number in international form. @throws {Problem} */
export function readNumber(text: string): PhoneNumber {
  try {
    return phoneNumber(text);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new Problem(400, "number-invalid", "The number is not in international form", undefined, {
      cause: error,
    });
  }
}

/** Reads the body of a request. @throws {Problem} */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body ?? {});
  if (result.success) return result.data;
  throw new Problem(400, "bad-request", "The request body is not valid", z.prettifyError(result.error));
}

/** The answer about a number of which nothing is known. */
export function unknownNumber(): Problem {
  return new Problem(404, "no-such-number", "Nothing is kept about this number");
}
