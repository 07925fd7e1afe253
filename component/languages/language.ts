import type { RefusalCode } from "../sign-up/refusal.js";

/** What a person can tell the component in its chat. */
export type Word =
  | "register"
  | "code"
  | "again"
  | "call"
  | "find"
  | "devices"
  | "remove"
  | "unlink"
  | "pin"
  | "off"
  | "yes"
  | "help";

/** Every sentence that people are told, by name; `{…}` are filled in. */
export type TextName =
  | "help"
  | "unknown"
  | "encrypted"
  | "code-sent"
  | "code-again"
  | "no-code-awaited"
  | "code-missing"
  | "linked"
  | "linked-already"
  | "number-missing"
  | "found"
  | "not-found"
  | "not-here"
  | "needs-number"
  | "lookup-limited"
  | "devices"
  | "device"
  | "no-devices"
  | "device-removed"
  | "no-such-device"
  | "unlink-sure"
  | "unlinked"
  | "nothing-to-confirm"
  | "pin-set"
  | "pin-off"
  | "pin-missing"
  | "failed"
  | "wait"
  | "hint"
  | "gateway-description"
  | "gateway-prompt"
  | "search-instructions"
  | "register-instructions"
  | "register-code-instructions"
  | "registered-instructions"
  | "label-number"
  | "label-code"
  | "label-pin"
  | "label-new-pin"
  | "label-channel"
  | "label-again"
  | "label-sms"
  | "label-voice"
  | "label-address"
  | "title-register"
  | "title-search";

/** A language that people are answered in. */
export interface Language {
  /** RFC 5646 */
  readonly tag: string;
  /** How each word may be written, the usual way first; in small letters. */
  readonly words: Readonly<Record<Word, readonly string[]>>;
  readonly texts: Readonly<Record<TextName, string>>;
  /** What commands say, by its English wording; English has nothing here. */
  readonly commands: Readonly<Record<string, string>>;
  /** Why a step of a sign-up was refused. */
  readonly refusals: Readonly<Record<RefusalCode, string>>;
}

/** Fills a sentence in. */
export function say(
  language: Language,
  name: TextName,
  values: Readonly<Record<string, string>> = {},
): string {
  return language.texts[name].replaceAll(/\{([\w-]+)\}/g, (whole, key: string) =>
    Object.hasOwn(values, key) ? (values[key] ?? "") : whole,
  );
}
