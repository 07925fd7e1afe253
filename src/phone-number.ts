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

/** A number as logs may show it: the first four digits and the last two, `+1555…01`. */
export function redactPhoneNumber(number: PhoneNumber): string {
  return `${number.slice(0, 5)}…${number.slice(-2)}`;
}
