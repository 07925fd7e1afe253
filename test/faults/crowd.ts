import type { AccountOperations } from "../../component/accounts/store.js";
import { hashDeviceKey } from "../../component/mailbox/service.js";
import { newDeviceId } from "../../src/ids.js";
import { phoneNumber } from "../../src/phone-number.js";
import { addAccount } from "../support/prosody.js";
import { newDeviceKey, type DeviceCredentials } from "../support/raw-device.js";
import { PASSWORD, type World } from "../support/world.js";

/** So many people with a number and a device each, made at once. */
export async function crowd(world: World, count: number): Promise<DeviceCredentials[]> {
  const { prosody } = world;
  return world.withStore((store, vault) =>
    Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const number = phoneNumber(`+1555${String(2_000_000 + index)}`);
        const [key, deviceId] = [newDeviceKey(), newDeviceId()];
        const jid = await addAccount(prosody, `c${index}`, PASSWORD);
        await store.of<AccountOperations>("accounts").create({
          jid: jid.bare,
          numberHash: vault.hashNumber(number),
          numberSealed: vault.sealNumber(number),
          isMadeHere: true,
          pinHash: null,
          device: { deviceId, keyHash: hashDeviceKey(key.publicKey) },
          now: Date.now(),
        });
        const { service, host: domain, componentDomain: numberDomain } = prosody;
        return {
          service,
          domain,
          numberDomain,
          number,
          username: jid.local,
          password: PASSWORD,
          deviceId,
          key,
        };
      }),
    ),
  );
}
