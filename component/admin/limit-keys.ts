import type { PhoneNumber } from "../../src/phone-number.js";
import type { Vault } from "../store/vault.js";

/** The keys of the limits of sign-up that count for one number alone: codes for it, and wrong PINs. */
export function numberLimitKeys(vault: Vault, number: PhoneNumber): readonly [signUps: string, pin: string] {
  return [
    `number:${vault.keyedHash("sign-up limit", number).toString("base64url")}`,
    `pin:${vault.hashNumber(number).toString("base64")}`,
  ];
}
