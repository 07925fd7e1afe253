import { TwotickError } from "../../../src/errors.js";
import { type Account, readAccount, writeAccount } from "../../client/account.js";
import { linkDevice } from "../../client/renew-device.js";
import { signUpDevice } from "../../client/sign-up.js";
import { openSqliteStorage } from "../../storage/sqlite.js";
import type { WorldService } from "./service.js";

/**
 * Makes a store the device of somebody: signs up with a code, or links it to the account of an earlier device.
 *
 * @param account of the earlier device
 * @returns the account
 */
export async function bindDevice(
  service: WorldService,
  storePath: string,
  number: string,
  account: Account | undefined,
): Promise<Account> {
  const storage = openSqliteStorage({ path: storePath });
  try {
    if (account) {
      storage.transaction((transaction) => writeAccount(transaction, account));
      await linkDevice({ storage, service: service.server.service });
      return account;
    }
    const session = await signUpDevice({ storage, api: service.api, number });
    await session.verify(await service.codeFor(number));
    return storage.read(readAccount) ?? missing();
  } finally {
    storage.close();
  }
}

function missing(): never {
  throw new TwotickError("no-account", "the sign-up left no account");
}
