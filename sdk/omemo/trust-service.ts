import { InvalidInput } from "../../src/errors.js";
import type { DeviceId } from "../../src/ids.js";
import type { Jid } from "../../src/jid.js";
import { writeTrustMessage } from "../../src/trust-message.js";
import type { Transaction, View } from "../storage/port.js";
import type { OmemoContext } from "./context.js";
import type { Directory } from "./devices/directory.js";
import { tellChanges } from "./devices/meetings.js";
import type { Fingerprint, KnownDevice } from "./port.js";
import { isListed, type Peer, readList } from "./records.js";
import { hasSession } from "./sessions.js";
import {
  applyVerificationUri,
  compare,
  type Comparison,
  type Decided,
  decideByUser,
  identitiesOf,
  isSafetyNumber,
  isXmppUri,
  judge,
  type KnownIdentity,
  type Listed,
  parseFingerprint,
  type Person,
  readPerson,
  readVerificationUri,
  type TrustLevel,
  trustMessagesOf,
  type UriDevice,
  verifyBySafetyNumber,
  writeVerificationUri,
} from "./trust/mod.js";
import type { OmemoTrust, Verification } from "./trust-port.js";
import { VERSION_NAMES } from "./versions/versions.js";

/** See {@link OmemoTrust}. */
export class TrustService implements OmemoTrust {
  readonly #context: OmemoContext;
  readonly #directory: Directory;

  constructor(context: OmemoContext, directory: Directory) {
    this.#context = context;
    this.#directory = directory;
  }

  devices(of: Jid): KnownDevice[] {
    const { storage, trustPolicy } = this.#context;
    const address = of.bare;
    return storage.read((view) => {
      const person = readPerson(view, address);
      const { counts } = judge(person, trustPolicy);
      return [...new Set([...this.#listed(view, address), ...person.devices.keys()])]
        .filter((device) => !this.#isSelf(address, device))
        .map((device) => {
          const fingerprint = person.devices.get(device);
          const trust = fingerprint === undefined ? "undecided" : counts(fingerprint);
          return { device, fingerprint, trust, ...reachOf(view, address, device) };
        });
    });
  }

  identities(of: Jid): KnownIdentity[] {
    const { storage, trustPolicy } = this.#context;
    return storage.read((view) => identitiesOf(readPerson(view, of.bare), trustPolicy));
  }

  async refresh(of: Jid): Promise<void> {
    const addresses = new Set([of.bare, this.#context.self.address]);
    await Promise.all([...addresses].map((address) => this.#directory.refresh(address)));
  }

  safetyNumber(of: Jid): Comparison {
    const { storage, self } = this.#context;
    return storage.read((view) => compare(view, self, of.bare, this.#listedOf(view, of.bare)));
  }

  verificationUri(of: Jid): string {
    const { storage, self, keys } = this.#context;
    const address = of.bare;
    return storage.read((view) => {
      const known = verifiedDevices(readPerson(view, address), this.#listed(view, address));
      if (address !== self.address) return writeVerificationUri(address, known);
      const { device, fingerprint } = { ...keys, ...self };
      const others = known.filter((one) => !this.#isSelf(address, one.device));
      return writeVerificationUri(address, [{ device, fingerprint }, ...others]);
    });
  }

  verify(of: Jid, by: string): Verification {
    const address = of.bare;
    if (isXmppUri(by)) return this.#verifyByUri(address, by);
    if (isSafetyNumber(by)) return this.#verifyBySafetyNumber(address, by);
    const fingerprint = parseFingerprint(by);
    this.decide(of, fingerprint, "verified");
    const person = this.#context.storage.read((view) => readPerson(view, address));
    const isShown = [...person.devices.values()].includes(fingerprint);
    return verification(isShown ? [fingerprint] : [], isShown ? [] : [fingerprint]);
  }

  decide(of: Jid, fingerprint: Fingerprint, level: TrustLevel): void {
    this.#decide((transaction) =>
      decideByUser(this.#context, transaction, of.bare, [{ fingerprint, level }]),
    );
  }

  #verifyByUri(address: string, text: string): Verification {
    const { self, account } = this.#context;
    const uri = readVerificationUri(text);
    // An own app that is no device of the number names the account
    const named = uri.address === account.bare ? self.address : uri.address;
    if (named !== address) throw new InvalidInput("the URI is about the devices of somebody else");
    const { verified, inAdvance, distrusted, unmentioned, mismatched } = this.#decide((transaction) =>
      applyVerificationUri(
        this.#context,
        transaction,
        { ...uri, address },
        this.#listed(transaction, address),
      ),
    );
    return { verified, inAdvance, distrusted, unmentioned, mismatched };
  }

  #verifyBySafetyNumber(address: string, digits: string): Verification {
    const listed = this.#context.storage.read((view) => this.#listedOf(view, address));
    this.#decide((transaction) => verifyBySafetyNumber(this.#context, transaction, address, listed, digits));
    const { devices } = this.#context.storage.read((view) => readPerson(view, address));
    return verification([...new Set(listed.theirs.flatMap((device) => devices.get(device) ?? []))], []);
  }

  /** Decides, and writes down in the same transaction what others are to be told of it. */
  #decide<Outcome extends Decided>(work: (transaction: Transaction) => Outcome): Outcome {
    const { storage, enqueue } = this.#context;
    const outcome = storage.transaction((transaction) => {
      const decided = work(transaction);
      for (const dispatch of decided.dispatches) {
        const messages = trustMessagesOf(transaction, dispatch);
        // Each by itself: together they may be more than an envelope holds
        for (const message of messages) {
          enqueue?.(transaction, {
            to: dispatch.to,
            identities: dispatch.recipients,
            elements: [writeTrustMessage(message)],
          });
        }
      }
      return decided;
    });
    tellChanges(this.#context, outcome.changes);
    return outcome;
  }

  #listedOf(view: View, address: string): Listed {
    const { self, keys } = this.#context;
    const own = this.#listed(view, self.address).filter((device) => device !== keys.device);
    return { own, theirs: this.#listed(view, address) };
  }

  /** The devices in the lists of an address, of all versions that are spoken. */
  #listed(view: View, address: string): DeviceId[] {
    const lists = this.#context.versions.map(({ name }) => readList(view, name, address)?.devices ?? []);
    return [...new Set(lists.flat())];
  }

  #isSelf(address: string, device: DeviceId): boolean {
    return address === this.#context.self.address && device === this.#context.keys.device;
  }
}

function reachOf(
  view: View,
  address: string,
  device: DeviceId,
): Pick<KnownDevice, "hasSession" | "versions"> {
  const peers = VERSION_NAMES.map((version): Peer => ({ version, address, device }));
  return {
    hasSession: peers.some((peer) => hasSession(view, peer)),
    versions: peers.filter((peer) => isListed(view, peer)).map(({ version }) => version),
  };
}

function verifiedDevices({ devices, identities }: Person, listed: readonly DeviceId[]): UriDevice[] {
  return listed.flatMap((device) => {
    const fingerprint = devices.get(device);
    if (fingerprint === undefined || identities.get(fingerprint)?.level !== "verified") return [];
    return [{ device, fingerprint }];
  });
}

function verification(now: readonly Fingerprint[], inAdvance: readonly Fingerprint[]): Verification {
  return { verified: now, inAdvance, distrusted: [], unmentioned: [], mismatched: [] };
}
