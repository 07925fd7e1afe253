import { newId } from "../../src/ids.js";
import { type PhoneNumber } from "../../src/phone-number.js";
import { countryOf, parsePhoneNumber } from "../../src/written-number.js";
import { parsePhoneNumberFromString } from "libphonenumber-js/max";
import type { Context } from "../capability.js";
import { loggedNumber } from "../log.js";
import type { Remote } from "../store/operations.js";
import { CodeNotSent, type CodeProvider } from "./providers/mod.js";
import { SignUpRefusal } from "./refusal.js";
import {
  type Asker,
  beginCharges,
  type Channel,
  type Charge,
  newCode,
  type NextSteps,
  sendCharges,
} from "./service.js";
import type { SendRefusal, SessionRow, SignUpOperations } from "./store.js";

/** A sign-up that waits for its code. */
export interface OpenSignUp {
  /** Names the sign-up; only who began it knows it. */
  readonly session: string;
  readonly number: PhoneNumber;
  readonly steps: NextSteps;
}

/** Kinds of numbers that cost whoever calls them, or that no person has. */
const REFUSED_KINDS: ReadonlySet<string> = new Set([
  "PREMIUM_RATE",
  "SHARED_COST",
  "PAGER",
  "UAN",
  "VOICEMAIL",
]);

/** Sends codes: limits and budget first, in the store; then the provider. */
export class Codes {
  readonly #context: Context;
  readonly #provider: CodeProvider;
  readonly #operations: Remote<SignUpOperations>;

  /** @param provider carries codes to all but the test numbers */
  constructor(context: Context, provider: CodeProvider) {
    this.#context = context;
    this.#provider = provider;
    this.#operations = context.store.of<SignUpOperations>("sign-up");
  }

  /** Reads a number as its owner wrote it. @throws {SignUpRefusal} `number-invalid` */
  readNumber(text: string, country?: string): PhoneNumber {
    try {
      return parsePhoneNumber(text, country ?? this.#context.config.signUp.defaultCountry);
    } catch (error) {
      throw new SignUpRefusal("number-invalid", { cause: error });
    }
  }

  /** The ways in which codes are sent. */
  get channels(): readonly Channel[] {
    return this.#provider.channels;
  }

  /**
   * Begins a sign-up, or the linking of a number, with its first code.
   *
   * @param session a name for it that nobody can guess and that no sign-up has; a random one unless given
   * @throws {SignUpRefusal}
   */
  async begin(number: PhoneNumber, channel: Channel, asker: Asker, session = newId()): Promise<OpenSignUp> {
    const { config, vault, clock } = this.#context;
    const country = this.#checkDestination(number, channel);
    const code = this.#codeFor(number);
    const linkJid = "account" in asker ? asker.account : null;
    const forSending = sendCharges(config.signUp, number, country, this.#keyed);
    const answer = await this.#operations.begin({
      session: this.sessionKey(session),
      numberHash: vault.hashNumber(number),
      numberSealed: vault.sealNumber(number),
      country,
      linkJid,
      isTest: this.#isTest(number),
      channel,
      codeHash: this.codeHash(session, code),
      charges: [...beginCharges(config.signUp, number, asker, this.#keyed), ...forSending],
      breaker: config.signUp.breaker,
      now: clock.now(),
    });
    const steps = this.#accept(answer, "begin");
    await this.#send(session, { number, channel, code }, forSending);
    return { session, number, steps };
  }

  /** Sends a further code. @param linkJid who links; null for a newcomer @throws {SignUpRefusal} */
  async again(session: string, channel: Channel, linkJid: string | null): Promise<OpenSignUp> {
    const { config, vault, clock } = this.#context;
    const row = await this.#operations.find(this.sessionKey(session), linkJid, clock.now());
    if (!row) throw new SignUpRefusal("session-unknown");
    const number = vault.openNumber((row satisfies SessionRow).numberSealed);
    const country = this.#checkDestination(number, channel);
    const code = this.#codeFor(number);
    const charges = sendCharges(config.signUp, number, country, this.#keyed);
    const hash = this.codeHash(session, code);
    const key = this.sessionKey(session);
    const answer = await this.#operations.again(key, linkJid, { channel, hash }, charges, clock.now());
    const steps = this.#accept(answer, "again");
    await this.#send(session, { number, channel, code }, charges);
    return { session, number, steps };
  }

  /** The key by which the store knows a session: its files do not tell the session's name. */
  sessionKey(session: string): Buffer {
    return this.#context.vault.keyedHash("sign-up session", session);
  }

  /** The keyed hash of a code in its session. */
  codeHash(session: string, code: string): Buffer {
    return this.#context.vault.keyedHash("sign-up code", `${session}\0${code}`);
  }

  readonly #keyed = (text: string): string =>
    this.#context.vault.keyedHash("sign-up limit", text).toString("base64url");

  #isTest(number: PhoneNumber): boolean {
    return Object.hasOwn(this.#context.config.signUp.testNumbers, number);
  }

  #codeFor(number: PhoneNumber): string {
    return (this.#isTest(number) ? this.#context.config.signUp.testNumbers[number] : undefined) ?? newCode();
  }

  #checkDestination(number: PhoneNumber, channel: Channel): string {
    const country = countryOf(number) ?? "ZZ";
    if (this.#isTest(number)) return country;
    const { countries } = this.#context.config.signUp;
    if (countries && !countries.some((allowed) => allowed === "*" || allowed === country))
      throw new SignUpRefusal("country-not-allowed");
    if (REFUSED_KINDS.has(parsePhoneNumberFromString(number)?.getType() ?? ""))
      throw new SignUpRefusal("number-invalid");
    if (!this.#provider.channels.includes(channel)) throw new SignUpRefusal("channel-unavailable");
    return country;
  }

  #accept(
    answer: { readonly status: "begun"; readonly steps: NextSteps } | SendRefusal,
    step: "begin" | "again",
  ): NextSteps {
    const { signUps, limiterHits } = this.#context.metrics;
    signUps.inc({ step, outcome: answer.status });
    if (answer.status === "begun") return answer.steps;
    if (answer.status === "limited") limiterHits.inc({ limit: answer.limit });
    throw sendRefusal(answer);
  }

  async #send(
    session: string,
    message: { readonly number: PhoneNumber; readonly channel: Channel; readonly code: string },
    charges: readonly Charge[],
  ): Promise<void> {
    const { config, clock, log, vault, metrics } = this.#context;
    if (this.#isTest(message.number)) return;
    const text = config.signUp.text.replaceAll("{code}", message.code);
    try {
      await this.#provider.send({ ...message, text });
      metrics.signUps.inc({ step: "send", outcome: "sent" });
      metrics.signUpCodes.inc({ country: countryOf(message.number) ?? "ZZ", outcome: "sent" });
    } catch (error) {
      metrics.signUps.inc({ step: "send", outcome: "failed" });
      metrics.signUpCodes.inc({ country: countryOf(message.number) ?? "ZZ", outcome: "failed" });
      const who = loggedNumber(vault, message.number);
      // Only our own words are known to hold neither number nor code
      const reason = error instanceof CodeNotSent ? error.message : (error as Error).name;
      log.warn({ who, channel: message.channel, reason }, "a code was not sent");
      const hash = this.codeHash(session, message.code);
      await this.#operations.takeBack(this.sessionKey(session), hash, charges, clock.now());
      throw new SignUpRefusal("codes-unavailable", { retryAfterMs: 15_000, cause: error });
    }
  }
}

/** Limits that are nobody's fault who asks: what is used up is the service's. */
const SHARED_LIMITS: ReadonlySet<string> = new Set(["prefix", "country", "budget", "breaker"]);

function sendRefusal(answer: SendRefusal): SignUpRefusal {
  if (answer.status === "no-session") return new SignUpRefusal("session-unknown");
  if (answer.status === "no-more-codes") return new SignUpRefusal("no-more-codes");
  const { waitMs: retryAfterMs } = answer;
  if (answer.status === "too-early") return new SignUpRefusal("too-early", { retryAfterMs });
  const code = SHARED_LIMITS.has(answer.limit) ? "codes-unavailable" : "too-many-requests";
  return new SignUpRefusal(code, { retryAfterMs });
}
