import type { DeviceId } from "../../src/ids.js";
import type { Context } from "../capability.js";
import type { Remote } from "../store/operations.js";
import { hashPin } from "./pin.js";
import type { AccountOperations, DeviceRow } from "./store.js";

/** How people look after number, PIN and devices, whichever way they ask. Accounts are bare JIDs. */
export class Keeping {
  readonly #context: Context;
  readonly #accounts: Remote<AccountOperations>;

  constructor(context: Context) {
    this.#context = context;
    this.#accounts = context.store.of<AccountOperations>("accounts");
  }

  /** Takes the number away, with devices and what waits for them. @returns whether there was one */
  async unlink(account: string): Promise<boolean> {
    if (!(await this.#accounts.unlink(account))) return false;
    this.#context.events.accountGone(account);
    return true;
  }

  /** The devices bound to an account. */
  devices(account: string): Promise<DeviceRow[]> {
    return this.#accounts.devices(account);
  }

  /** Unbinds devices. @returns those that were bound */
  async removeDevices(account: string, devices: readonly DeviceId[]): Promise<DeviceId[]> {
    const removed: DeviceId[] = [];
    for (const device of devices)
      if (await this.#accounts.removeDevice(account, device, this.#context.clock.now())) removed.push(device);
    if (removed.length > 0) this.#context.events.devicesGone(account);
    return removed;
  }

  /** Sets the PIN, or with `undefined` removes it. @returns whether the account has a number @throws {InvalidInput} */
  async setPin(account: string, pin: string | undefined): Promise<boolean> {
    return this.#accounts.setPin(account, pin === undefined ? null : await hashPin(this.#context.vault, pin));
  }
}
