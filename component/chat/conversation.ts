import { type Clock, formatStamp } from "../../src/clock.js";
import { InvalidInput, StanzaError } from "../../src/errors.js";
import { deviceId } from "../../src/ids.js";
import type { Jid } from "../../src/jid.js";
import { Keeping } from "../accounts/keeping.js";
import type { Context } from "../capability.js";
import { Directory } from "../directory/directory.js";
import { english } from "../languages/en.js";
import { type Language, say, type TextName, type Word } from "../languages/language.js";
import { wordOf } from "../languages/languages.js";
import { Linking } from "../linking/linking.js";
import { SignUpRefusal } from "../sign-up/refusal.js";
import type { Channel } from "../sign-up/service.js";
import type { Partner } from "./partners.js";

/** A line that somebody wrote. */
export interface Line {
  readonly from: Jid;
  readonly text: string;
  /** The language that the app says it is in. */
  readonly language: Language | undefined;
  readonly isEncrypted: boolean;
}

/** What a word is answered with, and on whose behalf. */
interface Said {
  readonly from: Jid;
  readonly account: string;
  /** What stands behind the word. */
  readonly rest: string;
  readonly language: Language;
  readonly partner: Partner;
}

/** Longer than anything that means something here. */
const MAX_LINE_CHARACTERS = 500;
const CODE = /^(\d{3})[\s-]?(\d{3})(?:\s+(?:pin\s+)?(\d{4,20}))?$/i;
const CONFIRM_WITHIN_MS = 5 * 60_000;
/** After a line that was not understood, others like it are not answered for so long: it may be a program. */
const QUIET_MS = 3_600_000;

/** What the component says when people write to it. */
export class Conversation {
  readonly #domain: string;
  readonly #clock: Clock;
  readonly #linking: Linking;
  readonly #keeping: Keeping;
  readonly #directory: Directory;
  readonly #answers: Readonly<Record<Word, (said: Said) => Promise<string>>> = {
    register: (said) => this.#register(said),
    code: (said) => this.#code(said),
    again: (said) => this.#again(said, "sms"),
    call: (said) => this.#again(said, "voice"),
    find: (said) => this.#find(said),
    devices: (said) => this.#devices(said),
    remove: (said) => this.#remove(said),
    unlink: (said) => this.#unlink(said),
    pin: (said) => this.#pin(said),
    yes: (said) => this.#yes(said),
    off: (said) => this.#help(said),
    help: (said) => this.#help(said),
  };

  constructor(context: Context) {
    this.#domain = context.config.link.domain;
    this.#clock = context.clock;
    this.#linking = new Linking(context);
    this.#keeping = new Keeping(context);
    this.#directory = new Directory(context);
  }

  /** Answers a line; `undefined` is to say nothing. */
  async answer(line: Line, partner: Partner): Promise<{ text: string; language: Language } | undefined> {
    const { from, text } = line;
    const [first = "", ...others] = text.length > MAX_LINE_CHARACTERS ? [] : text.trim().split(/\s+/);
    const account = from.bare;
    const isCode = CODE.test(text.trim()) && (await this.#linking.waiting(account)) !== undefined;
    const preferred = partner.language ?? line.language;
    const known = isCode
      ? undefined
      : wordOf(first.replace(/^\//, "").replace(/(?<=.)[:.!]$/, ""), preferred);
    const language = languageFor(known?.languages ?? [], line, partner);
    if (line.isEncrypted || (!known && !isCode)) return this.#puzzled(line, language, partner);
    partner.quietUntil = 0;
    const rest = isCode ? text.trim() : others.join(" ");
    const word = known?.word ?? "code";
    return { text: await this.#answerWord(word, { from, account, rest, language, partner }), language };
  }

  async #answerWord(word: Word, said: Said): Promise<string> {
    const { language, partner } = said;
    if (word !== "yes") partner.confirmUntil = 0;
    try {
      return await this.#answers[word](said);
    } catch (error) {
      if (error instanceof SignUpRefusal) return refusalText(error, language);
      if (!(error instanceof StanzaError)) throw error;
      const known = LOOKUP_REFUSALS[error.condition];
      if (known === undefined) throw error;
      return say(language, known, { word: language.words[word][0] ?? word });
    }
  }

  // Once: two programs that do not understand each other would talk for ever
  #puzzled(
    { isEncrypted }: Line,
    language: Language,
    partner: Partner,
  ): { text: string; language: Language } | undefined {
    const now = this.#clock.now();
    if (partner.quietUntil > now) return undefined;
    partner.quietUntil = now + QUIET_MS;
    const text = isEncrypted
      ? say(language, "encrypted")
      : `${say(language, "unknown")}\n\n${say(language, "help")}`;
    return { text, language };
  }

  #help({ language }: Said): Promise<string> {
    return Promise.resolve(say(language, "help"));
  }

  async #register({ account, rest, language }: Said): Promise<string> {
    if (rest === "") return say(language, "number-missing", { word: language.words.register[0] ?? "" });
    const number = await this.#linking.readNumber(account, rest);
    if (number === (await this.#linking.numberOf(account)))
      return say(language, "linked-already", { number });
    await this.#linking.begin(account, number, "sms");
    return say(language, "code-sent", { number });
  }

  async #code({ account, rest, language }: Said): Promise<string> {
    const [, head, tail, pin] = CODE.exec(rest) ?? [];
    if (head === undefined || tail === undefined) return say(language, "code-missing");
    const waiting = await this.#linking.waiting(account);
    if (!waiting) return say(language, "no-code-awaited");
    const number = await this.#linking.finish(account, waiting, { code: `${head}${tail}`, pin });
    return say(language, "linked", { number, jid: `${number}@${this.#domain}` });
  }

  async #again({ account, language }: Said, channel: Channel): Promise<string> {
    const waiting = await this.#linking.waiting(account);
    if (!waiting) return say(language, "no-code-awaited");
    await this.#linking.again(account, waiting, channel);
    return say(language, "code-again", { number: waiting.number });
  }

  async #find({ from, rest, language }: Said): Promise<string> {
    if (rest === "") return say(language, "number-missing", { word: language.words.find[0] ?? "" });
    const { number, jid } = await this.#directory.find(from, rest);
    return jid === undefined
      ? say(language, "not-found", { number })
      : say(language, "found", { number, jid });
  }

  async #devices({ account, language }: Said): Promise<string> {
    const devices = await this.#keeping.devices(account);
    if (devices.length === 0) return say(language, "no-devices");
    const lines = devices.map(({ deviceId: id, seenAt }) =>
      say(language, "device", { id: String(id), seen: formatStamp(seenAt) }),
    );
    return [say(language, "devices"), ...lines].join("\n");
  }

  async #remove({ account, rest, language }: Said): Promise<string> {
    const removed = await this.#keeping.removeDevices(account, readDevices(rest));
    return removed.length === 0
      ? say(language, "no-such-device")
      : say(language, "device-removed", { id: removed.join(", ") });
  }

  async #unlink({ account, language, partner }: Said): Promise<string> {
    if ((await this.#linking.numberOf(account)) === undefined) return say(language, "needs-number");
    partner.confirmUntil = this.#clock.now() + CONFIRM_WITHIN_MS;
    return say(language, "unlink-sure");
  }

  async #yes({ account, language, partner }: Said): Promise<string> {
    if (partner.confirmUntil <= this.#clock.now()) return say(language, "nothing-to-confirm");
    partner.confirmUntil = 0;
    await this.#keeping.unlink(account);
    return say(language, "unlinked");
  }

  async #pin({ account, rest, language }: Said): Promise<string> {
    const isOff = wordOf(rest, language)?.word === "off";
    if (!isOff && !/^\d{4,20}$/.test(rest)) return say(language, "pin-missing");
    const isSet = await this.#keeping.setPin(account, isOff ? undefined : rest);
    if (!isSet) return say(language, "needs-number");
    return say(language, isOff ? "pin-off" : "pin-set");
  }
}

/** What the refusals of the directory are called here. */
const LOOKUP_REFUSALS: Readonly<Partial<Record<string, TextName>>> = {
  "registration-required": "needs-number",
  "policy-violation": "lookup-limited",
  "not-acceptable": "number-missing",
};

// Apps that never ask say that everything is English: a word of one other language tells more than that
function languageFor(languages: readonly Language[], line: Line, partner: Partner): Language {
  const [only, ...others] = languages;
  const isSaid = line.language !== undefined && line.language !== english;
  if (isSaid) partner.language = undefined;
  else if (only && others.length === 0) partner.language = only;
  return partner.language ?? line.language ?? english;
}

function refusalText({ code, retryAfterMs = 0 }: SignUpRefusal, language: Language): string {
  const text = language.refusals[code];
  if (retryAfterMs <= 0) return text;
  return say(language, "wait", { text, seconds: String(Math.ceil(retryAfterMs / 1000)) });
}

function readDevices(text: string): ReturnType<typeof deviceId>[] {
  try {
    return [deviceId(text)];
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return [];
  }
}
