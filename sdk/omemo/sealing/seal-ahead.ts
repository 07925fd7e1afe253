import { setImmediate as nextTurn } from "node:timers/promises";
import type { Transaction, View } from "../../storage/port.js";
import type { OmemoContext } from "../context.js";
import type { Sealed } from "../port.js";
import { readList } from "../records.js";
import { DeviceSealer, type Outgoing } from "./seal-devices.js";
import { faultOf, sealWith } from "./seal.js";

/** Up to so many devices are encrypted for within the transaction: it takes about a millisecond. */
const MAX_DEVICES_AT_ONCE = 64;

/** How long it is encrypted without a break; what else is going on waits as long. */
const SLICE_MS = 8;

/** A message that is encrypted, and whose sessions have not advanced yet. */
export interface SealedAhead {
  /**
   * Completes the message: the ratchets advance in `transaction`. Devices of which something changed in the meantime are
   * encrypted for again. It may be called again when the transaction failed.
   *
   * @throws {OmemoError} as `seal`
   */
  seal(transaction: Transaction): Sealed;
  /** Overwrites its key: to be called when the transaction is durable, or the message is given up. */
  close(): void;
}

/**
 * Encrypts a message to many devices in slices, between which everything else has its turn; nothing is written.
 *
 * @param pause ends when everything else had its turn
 * @returns nothing for a message to few devices, or one that cannot be encrypted: sealing it says why
 */
export async function sealAhead(
  context: OmemoContext,
  outgoing: Outgoing,
  pause: () => Promise<unknown> = () => nextTurn(),
): Promise<SealedAhead | undefined> {
  const { storage, clock } = context;
  const addresses = [...new Set([...outgoing.recipients, context.keys.address])];
  if (faultOf(outgoing.content) || !storage.read((view) => areMany(context, view, addresses)))
    return undefined;
  const sealer = new DeviceSealer(context, outgoing);
  const listed = storage.read((view) =>
    addresses.flatMap((address) => context.listed.of(view, address) ?? []),
  );
  try {
    for (let next = 0; next < listed.length;) {
      await pause();
      const endMs = clock.monotonicMs() + SLICE_MS;
      next = storage.read((view) => {
        let index = next;
        do {
          const device = listed[index++];
          if (device) sealer.sealAhead(view, device);
        } while (index < listed.length && clock.monotonicMs() < endMs);
        return index;
      });
    }
    await pause();
  } catch (error) {
    sealer.close();
    throw error;
  }
  return {
    seal: (transaction) => sealWith(context, transaction, sealer),
    close: () => sealer.close(),
  };
}

function areMany({ versions }: OmemoContext, view: View, addresses: readonly string[]): boolean {
  let count = 0;
  for (const address of addresses) {
    const devices = versions.flatMap(({ name }) => readList(view, name, address)?.devices ?? []);
    count += new Set(devices).size;
  }
  return count > MAX_DEVICES_AT_ONCE;
}
