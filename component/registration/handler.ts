import { readAnswer, readForm } from "../../src/data-form.js";
import { StanzaError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { childElements, type Element, reading } from "../../src/xml.js";
import { Keeping } from "../accounts/keeping.js";
import type { Context, IqRequest } from "../capability.js";
import { english } from "../languages/en.js";
import type { Language } from "../languages/language.js";
import { languageIn } from "../languages/languages.js";
import { Linking } from "../linking/linking.js";
import { refusable } from "../linking/refusals.js";
import type { Channel } from "../sign-up/service.js";
import { anyForm, askForCode, askForNumber } from "./forms.js";

/** What somebody filled in, with a form or without. */
interface Filled {
  readonly phone?: string | undefined;
  readonly code?: string | undefined;
  readonly pin?: string | undefined;
  readonly newPin?: string | undefined;
  readonly channel?: string | undefined;
  readonly again?: string | undefined;
}

/**
 * Registration with the component: it gives the account that asks a phone number.
 *
 * Between the number and its code, the answer to a `set` holds the next form, and so does the next `get`: an app
 * that takes any result for the end registers once more. Source: XEP-0077 §3, §4
 */
export class Registration {
  readonly #linking: Linking;
  readonly #keeping: Keeping;

  constructor(context: Context) {
    this.#linking = new Linking(context);
    this.#keeping = new Keeping(context);
  }

  /** Says what has to be filled in. @throws {StanzaError} */
  async ask({ from, payload }: IqRequest): Promise<Element> {
    this.#linking.requireOfHost(from);
    const language = languageIn(payload) ?? english;
    const waiting = await this.#linking.waiting(from.bare);
    if (waiting) return askForCode(language, waiting.number);
    return askForNumber(language, await this.#linking.numberOf(from.bare));
  }

  /** Takes what was filled in. @returns what has to be filled in next @throws {StanzaError} */
  async take({ from, payload }: IqRequest): Promise<Element | undefined> {
    this.#linking.requireOfHost(from);
    if (payload.getChild("remove")) return this.#remove(from.bare, payload);
    const form = payload.getChild("x", NS.dataForms);
    if (form && reading(() => readForm(form)).type === "cancel") {
      await this.#linking.giveUp(from.bare);
      return undefined;
    }
    const filled = form ? reading(() => readFilled(form)) : readFields(payload);
    const language = languageIn(payload) ?? english;
    return refusable(() => this.#takeFilled(from.bare, filled, language));
  }

  // XEP-0077 §3.2: only by itself, and only by who is registered
  async #remove(account: string, payload: Element): Promise<undefined> {
    if (childElements(payload).length !== 1) throw new StanzaError("bad-request", "<remove/> stands alone");
    if (!(await this.#keeping.unlink(account)))
      throw new StanzaError("registration-required", "no number belongs to this account");
    await this.#linking.giveUp(account);
    return undefined;
  }

  async #takeFilled(account: string, filled: Filled, language: Language): Promise<Element | undefined> {
    const { phone, code, again } = filled;
    const number = phone === undefined ? undefined : await this.#linking.readNumber(account, phone);
    const waiting = await this.#linking.waiting(account);
    const isOther = number !== undefined && number !== waiting?.number;
    if (code !== undefined) {
      if (!waiting) throw new StanzaError("item-not-found", "no code was asked for, or it has expired");
      if (isOther) throw new StanzaError("conflict", "the code was sent to another number");
      const { pin, newPin } = filled;
      await this.#linking.finish(account, waiting, { code, pin, newPin });
      return undefined;
    }
    if (isOther) {
      if (number === (await this.#linking.numberOf(account))) return undefined;
      await this.#linking.begin(account, number, (filled.channel ?? "sms") as Channel);
      return askForCode(language, number);
    }
    // XEP-0077 §3.1: something required is missing
    if (!waiting || (again === undefined && number === undefined))
      throw new StanzaError(
        "not-acceptable",
        waiting ? "the code is missing" : "the phone number is missing",
      );
    await this.#linking.again(account, waiting, (again ?? filled.channel ?? "sms") as Channel);
    return askForCode(language, waiting.number);
  }
}

function readFilled(form: Element): Filled {
  const answer = readAnswer(anyForm(english), form);
  const value = (name: string): string | undefined => answer.get(name)?.[0];
  return {
    phone: value("phone"),
    code: value("code"),
    pin: value("pin"),
    newPin: value("new-pin"),
    channel: value("channel"),
    again: value("again"),
  };
}

function readFields(payload: Element): Filled {
  const value = (name: string): string | undefined => {
    const found = payload.getChildren(name);
    if (found.length > 1) throw new StanzaError("bad-request", `<${name}/> is there twice`);
    return found[0]?.getText().trim() || undefined;
  };
  return { phone: value("phone"), code: value("password") };
}
