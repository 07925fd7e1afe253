import type { DeviceId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import { phoneNumber, type PhoneNumber } from "../../src/phone-number.js";
import { Api, type ApiOptions } from "./api.js";
import { SignUpError } from "./refusal.js";

/** How a code travels. */
export type CodeChannel = "sms" | "voice";

/** The device that is bound to the number. */
export interface SignUpDevice {
  readonly deviceId: DeviceId;
  /** Raw Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** What a sign-up begins with. */
export interface SignUpOptions extends ApiOptions {
  /** As people write it; in national form when `country` is given. */
  readonly number: string;
  /** ISO 3166 two-letter code. */
  readonly country?: string;
  /** SMS when left out. */
  readonly channel?: CodeChannel;
  /** None for people who use ordinary XMPP apps. */
  readonly device?: SignUpDevice;
}

/** What may be given beside the code. */
export interface VerifyOptions {
  /** The PIN that protects the number, if it is protected. */
  readonly pin?: string;
  /** The PIN that protects it from now on; the empty text for none. */
  readonly newPin?: string;
  /** The localpart that one would like; a random one when left out. */
  readonly localpart?: string;
}

/** An account made at sign-up. */
export interface NewAccount {
  /** Bare JID. */
  readonly account: Jid;
  readonly password: string;
  readonly number: PhoneNumber;
  /** The number JID that others write to. */
  readonly address: Jid;
  /** The component's domain. */
  readonly component: string;
}

/** What may happen next in a sign-up, in seconds from the answer; `undefined` is never. */
export interface SignUpState {
  readonly number: PhoneNumber;
  readonly checksLeft: number;
  readonly smsInSeconds: number | undefined;
  readonly voiceInSeconds: number | undefined;
}

/**
 * Asks for a code to a number.
 *
 * It is not sent again when no answer came: a second code might be on its way. @throws {SignUpError}
 *
 * @example
 * const session = await signUp({ api: "http://127.0.0.1:5380", number: "+15551230001", device });
 * const { account, password } = await session.verify("000000");
 */
export async function signUp(options: SignUpOptions): Promise<SignUpSession> {
  const api = new Api(options);
  const { number, country, channel = "sms" } = options;
  const body = { number, channel, ...(country === undefined ? {} : { country }) };
  const answer = await api.post("/v1/sign-ups", body, false);
  return new SignUpSession(api, text(answer, "session"), readState(answer), options.device);
}

/** A sign-up that waits for its code. */
export class SignUpSession {
  readonly #api: Api;
  readonly #path: string;
  readonly #device: SignUpDevice | undefined;
  #state: SignUpState;

  /** Made by {@link signUp}. */
  constructor(api: Api, session: string, state: SignUpState, device: SignUpDevice | undefined) {
    this.#api = api;
    this.#path = `/v1/sign-ups/${encodeURIComponent(session)}`;
    this.#state = state;
    this.#device = device;
  }

  /** What may happen next, as of the last answer. */
  get state(): SignUpState {
    return this.#state;
  }

  /** Asks for another code. @throws {SignUpError} `too-early`, `no-more-codes` … */
  async resend(channel: CodeChannel = "sms"): Promise<SignUpState> {
    this.#state = readState(await this.#api.post(`${this.#path}/codes`, { channel }, false));
    return this.#state;
  }

  /**
   * Gives the code and gets the account.
   *
   * It is sent again while no answer comes: the same code of the same device gets the same account, and the
   * password of the last answer counts. @throws {SignUpError}
   */
  async verify(code: string, options: VerifyOptions = {}): Promise<NewAccount> {
    const device = this.#device && {
      deviceId: this.#device.deviceId,
      publicKey: Buffer.from(this.#device.publicKey).toString("base64url"),
    };
    const body = { code, ...options, ...(device ? { device } : {}) };
    const answer = await this.#api.post(`${this.#path}/verification`, body, true);
    return {
      account: Jid.parse(text(answer, "account")),
      password: text(answer, "password"),
      number: phoneNumber(text(answer, "number")),
      address: Jid.parse(text(answer, "address")),
      component: text(answer, "component"),
    };
  }
}

function readState(answer: Record<string, unknown>): SignUpState {
  return {
    number: phoneNumber(text(answer, "number")),
    checksLeft: seconds(answer, "checksLeft") ?? 0,
    smsInSeconds: seconds(answer, "smsInSeconds"),
    voiceInSeconds: seconds(answer, "voiceInSeconds"),
  };
}

function seconds(answer: Record<string, unknown>, name: string): number | undefined {
  const value = answer[name];
  return typeof value === "number" ? value : undefined;
}

function text(answer: Record<string, unknown>, name: string): string {
  const value = answer[name];
  if (typeof value !== "string") throw new SignUpError("bad-answer", `the answer lacks ${name}`);
  return value;
}
