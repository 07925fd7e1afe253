import type { PhoneNumber } from "../../src/phone-number.js";
import {
  signUp,
  type CodeChannel,
  type SignUpOptions,
  type SignUpSession,
  type SignUpState,
  type VerifyOptions,
} from "../sign-up/mod.js";
import type { Storage } from "../storage/port.js";
import { openDeviceKey, writeAccount } from "./account.js";

/** What signing up a device begins with: a store that will be the device's, and what {@link signUp} wants. */
export interface DeviceSignUpOptions extends Omit<SignUpOptions, "device"> {
  readonly storage: Storage;
}

/**
 * Asks for a code that binds the device of a store to a number; after `verify` the store is all that a client needs.
 *
 * @throws {SignUpError} @throws {StorageError}
 * @example
 * const session = await signUpDevice({ storage, api: "http://127.0.0.1:5380", number: "+15551230001" });
 * await session.verify("123456");
 * const client = await Client.open({ storage, service: "xmpp://127.0.0.1:5222" });
 */
export async function signUpDevice(options: DeviceSignUpOptions): Promise<DeviceSignUp> {
  const { storage, ...others } = options;
  const { device, publicKey } = openDeviceKey(storage);
  return new DeviceSignUp(storage, await signUp({ ...others, device: { deviceId: device, publicKey } }));
}

/** A sign-up that waits for its code. */
export class DeviceSignUp {
  readonly #storage: Storage;
  readonly #session: SignUpSession;

  /** Made by {@link signUpDevice}. */
  constructor(storage: Storage, session: SignUpSession) {
    this.#storage = storage;
    this.#session = session;
  }

  /** What may happen next, as of the last answer. */
  get state(): SignUpState {
    return this.#session.state;
  }

  /** Asks for another code. @throws {SignUpError} */
  resend(channel?: CodeChannel): Promise<SignUpState> {
    return this.#session.resend(channel);
  }

  /** Gives the code; the account is in the store when it resolves. @throws {SignUpError} @throws {StorageError} */
  async verify(code: string, options: VerifyOptions = {}): Promise<PhoneNumber> {
    const { account, password, number, component } = await this.#session.verify(code, options);
    const { domain, local } = account;
    this.#storage.transaction((transaction) =>
      writeAccount(transaction, { domain, username: local, password, numberDomain: component, number }),
    );
    return number;
  }
}
