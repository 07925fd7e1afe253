import { randomInt } from "node:crypto";
import { InvalidInput } from "../../../src/errors.js";
import type { DeviceId } from "../../../src/ids.js";
import type { OmemoBundle } from "../../../src/omemo-bundle.js";
import { initiate, RatchetError, serialiseSession, type Session } from "../../ratchet/mod.js";
import type { View } from "../../storage/port.js";
import { isFresh, type OmemoContext } from "../context.js";
import { isOrdinary, isTransient } from "./fetch-errors.js";
import { sightingOf } from "../fingerprint.js";
import { takeSighting } from "./meetings.js";
import type { SkipReason } from "../port.js";
import { isListed, type Peer, readPrepared, writePrepared } from "../records.js";
import { type ListedDevice, refusalOf, type Way } from "./listed-devices.js";
import { sessionWith } from "../sealing/route.js";
import { hasSession } from "../sessions.js";
import { verdictsOn } from "../trust/mod.js";
import type { OmemoVersion } from "../versions/version.js";

/** Fetches the bundle that a device has published in a version. @throws {StanzaError} @throws {LinkError} @throws {InvalidInput} */
export type FetchBundle = (
  version: OmemoVersion,
  address: string,
  device: DeviceId,
) => Promise<OmemoBundle | undefined>;

/** Prepares the beginning of a session with devices that there is none with. */
export class BundleFetcher {
  readonly #context: OmemoContext;
  readonly #fetch: FetchBundle;

  constructor(context: OmemoContext, fetch: FetchBundle) {
    this.#context = context;
    this.#fetch = fetch;
  }

  /** Whether a bundle of a device is to be fetched: it cannot be written to, or not in the version that it prefers. */
  isWanted(view: View, listed: ListedDevice): boolean {
    for (const way of listed.ways) {
      const state = this.#stateOf(view, listed, way);
      if (state === "wanted") return true;
      if (state === "ready") return false;
    }
    return false;
  }

  /**
   * Prepares a session in the first of a device's versions in which that is possible.
   *
   * @param isNews whether the device is one more, when it was not met before
   */
  async prepare(listed: ListedDevice, isNews: boolean): Promise<void> {
    const { address, device } = listed;
    let reason: SkipReason | undefined;
    for (const way of listed.ways) {
      const { version } = way;
      const peer: Peer = { version: version.name, address, device };
      const state = this.#context.storage.read((view) => this.#stateOf(view, listed, way));
      if (state === "ready") return;
      reason = state === "wanted" ? await this.#prepareIn(version, peer, isNews) : state;
      // There is a session, and it is not for another version to go where this one may not
      if (!reason || reason === "undecided-identity" || reason === "distrusted-identity") break;
    }
    if (reason) this.#context.news.tell({ kind: "device-skipped", skipped: { address, device, reason } });
  }

  /** Prepares another session, in the first of a device's versions, whatever session there is. @throws {StanzaError} @throws {LinkError} when trying again may help */
  async prepareAnew({ address, device, ways: [way] }: ListedDevice): Promise<void> {
    if (!way) return;
    const { version } = way;
    await this.#prepareIn(version, { version: version.name, address, device }, true, true);
  }

  /** Whether there is a session, or why there was none a moment ago. */
  #stateOf(view: View, listed: ListedDevice, way: Way): "ready" | "wanted" | SkipReason {
    const { bundleMaxAgeMs, bundleRetryMs } = this.#context.times;
    const found = sessionWith(view, listed, way);
    if (found === "none") return "wanted";
    if (typeof found !== "string") {
      const { preparedAt } = found;
      const isUsable = preparedAt === undefined || isFresh(this.#context, preparedAt, bundleMaxAgeMs);
      return isUsable ? "ready" : "wanted";
    }
    const { address, device } = listed;
    const failedAt = readPrepared(view, { version: way.version.name, address, device })?.at ?? 0;
    return isFresh(this.#context, failedAt, bundleRetryMs) ? found : "wanted";
  }

  /** @returns why it did not work */
  async #prepareIn(
    version: OmemoVersion,
    peer: Peer,
    isNews: boolean,
    isAnew = false,
  ): Promise<SkipReason | undefined> {
    let bundle: OmemoBundle | undefined;
    try {
      bundle = await this.#fetch(version, peer.address, peer.device);
    } catch (error) {
      if (!isOrdinary(error) || (isAnew && isTransient(error))) throw error;
      if (error instanceof InvalidInput) return this.#keepFailure(peer, "malformed-bundle");
      // The server may well have it: asked again the next time
      return this.#keepFailure(peer, "no-bundle", isTransient(error) ? 0 : undefined);
    }
    if (!bundle) return this.#keepFailure(peer, "no-bundle");
    const session = this.#begin(version, bundle);
    return session
      ? this.#keepSession(peer, session, isNews, isAnew)
      : this.#keepFailure(peer, "malformed-bundle");
  }

  /** Builds a session with one of the one-time prekeys; nothing when a key or the signature of the bundle is bad. */
  #begin(
    { profile }: OmemoVersion,
    { identityKey, signedPreKey, preKeys }: OmemoBundle,
  ): Session | undefined {
    const { identity, device } = this.#context.keys;
    // XEP-0384 0.3 §4.4: "A random preKeyPublic entry is selected"; XEP-0384 0.8 §5.4: likewise
    const preKey = preKeys[randomInt(preKeys.length)];
    try {
      return initiate(profile, identity, { identityKey, signedPreKey, preKey }, { registrationId: device });
    } catch (error) {
      if (error instanceof RatchetError) return undefined;
      throw error;
    }
  }

  /** Takes the identity for the one that the device shows; what is undecided may be decided on before it is written to. */
  #keepSession(peer: Peer, session: Session, isNews: boolean, isAnew: boolean): SkipReason | undefined {
    const { storage, clock, trustPolicy } = this.#context;
    const { address, device } = peer;
    const sighting = sightingOf(session.profile, device, session.remoteIdentityKey);
    return storage.transaction((transaction) => {
      // It may have left the list while its bundle was fetched
      if (!isListed(transaction, peer)) return undefined;
      const at = clock.now();
      const meeting = takeSighting(this.#context, transaction, address, sighting, isNews);
      if (meeting.kind === "no-room") {
        writePrepared(transaction, peer, { at, failure: "too-many-devices" });
        return "too-many-devices";
      }
      // The device may have begun one itself meanwhile
      if (isAnew || !hasSession(transaction, peer)) {
        writePrepared(transaction, peer, { at, session: serialiseSession(session) });
      }
      const level = verdictsOn(transaction, address, trustPolicy).counts(sighting.fingerprint);
      return refusalOf(level);
    });
  }

  #keepFailure(peer: Peer, failure: SkipReason, at = this.#context.clock.now()): SkipReason {
    this.#context.storage.transaction((transaction) => {
      if (isListed(transaction, peer)) writePrepared(transaction, peer, { at, failure });
    });
    return failure;
  }
}
