import { parsePhoneNumberFromString, type CountryCode } from "libphonenumber-js/max";
import { InvalidInput } from "./errors.js";
import { isPhoneNumber, phoneNumber, type PhoneNumber } from "./phone-number.js";

// Apart from the numbers themselves: the numbering plans of all countries take a tenth of a second to load

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
