import type { PhoneNumber } from "../../src/phone-number.js";
import type { Vault } from "../store/vault.js";

/** The keys of the limits of sign-up that count for one number alone: codes for it, and wrong PINs. */
export function numberLimitKeys(vault: Vault, number: PhoneNumber): readonly [signUps: string, pin: string] {
  return [
    `number:${vault.keyedHash("sign-up limit", number).toString("base64url")}`,
    `pin:${vault.hashNumber(number).toString("base64")}`,
  ];
}

/** The key of the limit of sign-up that counts for one account (bare JID) alone: numbers that it asks to link. */
export function accountLimitKey(vault: Vault, account: string): string {
  return `account:${vault.keyedHash("sign-up limit", account).toString("base64url")}`;
}
