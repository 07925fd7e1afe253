import { parsePhoneNumberFromString, type CountryCode } from "libphonenumber-js/max";
import { InvalidInput } from "./errors.js";

/** A telephone number in E.164 form: a plus sign and 7 to 15 digits, for example `+15551230001`. */
export type PhoneNumber = string & { readonly __phoneNumber: unique symbol };

const E164 = /^\+[1-9]\d{6,14}$/;

/** Whether the text is a number in E.164 form. It says nothing about whether the number is in use. */
export function isPhoneNumber(text: string): text is PhoneNumber {
  return E164.test(text);
}

/** Takes text that must already be E.164. @throws {InvalidInput} when it is not. */
export function phoneNumber(text: string): PhoneNumber {
  if (!isPhoneNumber(text))
    throw new InvalidInput("a phone number in international form is expected, like +15551230001");
  return text;
}

/**
 * Reads a number as people write it (`+1 555-123-0001`; or national, when a country is given).
 *
 * @param defaultCountry ISO 3166 two-letter code, for numbers without a country code
 * @throws {InvalidInput} when no number can be made of it
 */
export function parsePhoneNumber(text: string, defaultCountry?: string): PhoneNumber {
  if (text.length > 64) throw new InvalidInput("not a phone number");
  const compact = text.replaceAll(/[\s().\-\u2010-\u2015]/g, "");
  if (isPhoneNumber(compact)) return compact;
  const parsed = parsePhoneNumberFromString(text, defaultCountry as CountryCode | undefined);
  return phoneNumber(parsed?.number ?? "");
}

/** The ISO 3166 country of a number, or `undefined` when its country code belongs to none. */
export function countryOf(number: PhoneNumber): string | undefined {
  return parsePhoneNumberFromString(number)?.country ?? callingCodeCountry(number);
}

// Numbers of a shared country code whose area is not assigned (+1 555…) still have a main country.
function callingCodeCountry(number: PhoneNumber): string | undefined {
  return number.startsWith("+1") ? "US" : number.startsWith("+7") ? "RU" : undefined;
}

/** A number as logs may show it: the first four digits and the last two, `+1555…01`. */
export function redactPhoneNumber(number: PhoneNumber): string {
  return `${number.slice(0, 5)}…${number.slice(-2)}`;
}
