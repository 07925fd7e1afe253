import { systemClock } from "../src/clock.js";
import { LinkError } from "../src/errors.js";
import type { DeviceId } from "../src/ids.js";
import { Jid } from "../src/jid.js";
import { DEFAULT_TIMES, type OmemoContext } from "../sdk/omemo/context.js";
import { fingerprintOf, sightingOf } from "../sdk/omemo/fingerprint.js";
import { KnownDevices } from "../sdk/omemo/devices/listed-devices.js";
import { News } from "../sdk/omemo/news.js";
import { loadOwnKeys, type OwnKeys } from "../sdk/omemo/own/own-keys.js";
import { type Peer, sessionKey, writeList } from "../sdk/omemo/records.js";
import type { Outgoing } from "../sdk/omemo/sealing/seal-devices.js";
import { advanceSession } from "../sdk/omemo/sessions.js";
import { meet, STRANGER } from "../sdk/omemo/trust/person.js";
import { writePerson } from "../sdk/omemo/trust/records.js";
import { DEFAULT_TRUST_POLICY } from "../sdk/omemo/trust/mod.js";
import { VERSIONS } from "../sdk/omemo/versions/versions.js";
import {
  acceptPreKeyMessage,
  encrypt,
  generateIdentity,
  generatePreKeys,
  generateSignedPreKey,
  type Identity,
  initiate,
  omemo2,
  readPreKeyMessage,
  type Session,
} from "../sdk/ratchet/mod.js";
import type { Storage } from "../sdk/storage/port.js";

/** As many as a device list holds. */
const DEVICES_EACH = 64;

const OWN = Jid.parse("+15551239999@phone.example.org");
const OWN_DEVICE = 1 as DeviceId;

/** A device that has sessions in use with many others. */
export interface SealScene {
  readonly context: OmemoContext;
  /** A message to all of them. */
  readonly outgoing: Outgoing;
  /** Under which keys everybody's sessions are stored. */
  readonly sessionKeys: readonly string[];
}

/** Fills a store with sessions of OMEMO 2 in which messages went both ways. @param devices a multiple of 64 */
export function sealScene(storage: Storage, devices: number): SealScene {
  const keys = loadOwnKeys(storage, OWN.bare, OWN_DEVICE);
  const context = contextOf(storage, keys);
  const recipients = Array.from(
    { length: devices / DEVICES_EACH },
    (_, index) => `+1555123${String(index).padStart(4, "0")}@phone.example.org`,
  );
  const peers = recipients.flatMap((address) =>
    Array.from({ length: DEVICES_EACH }, (_, index): Peer => {
      return { version: "2", address, device: (index + 1) as DeviceId };
    }),
  );
  storage.transaction((transaction) => {
    for (const { name } of VERSIONS) {
      for (const address of [...recipients, OWN.bare])
        writeList(transaction, name, address, { at: context.clock.now(), devices: [] });
    }
    for (const address of recipients) {
      const theirs = peers.filter((peer) => peer.address === address);
      const list = { at: context.clock.now(), devices: theirs.map(({ device }) => device) };
      writeList(transaction, "2", address, list);
      let person = STRANGER;
      for (const peer of theirs) {
        const session = sessionInUse(keys.identity);
        advanceSession(transaction, peer, session);
        const sighting = sightingOf(omemo2, peer.device, session.remoteIdentityKey);
        person = meet(person, sighting, context.trustPolicy, context.clock.now()).person;
      }
      writePerson(transaction, address, person);
    }
  });
  const content = { text: "good night", elements: [] };
  return {
    context,
    outgoing: { to: "verona@groups.example.org", recipients, content },
    sessionKeys: peers.map(sessionKey),
  };
}

/** A session that another device began and that was answered in. */
function sessionInUse(own: Identity): Session {
  const theirs = generateIdentity();
  const signedPreKey = generateSignedPreKey(omemo2, own, 1);
  const [preKey] = generatePreKeys(omemo2, 1, 1);
  const bundle = { identityKey: omemo2.encodeIdentity(own), signedPreKey, preKey };
  const { message } = encrypt(initiate(omemo2, theirs, bundle, { registrationId: 1 }), Buffer.alloc(48));
  const secrets = { signedPreKey: () => signedPreKey, preKey: () => preKey };
  const { session } = acceptPreKeyMessage(own, secrets, readPreKeyMessage(omemo2, message));
  return encrypt(session, Buffer.alloc(48)).session;
}

function contextOf(storage: Storage, keys: OwnKeys): OmemoContext {
  return {
    storage,
    account: Jid.parse("juliet@example.org"),
    connection: { request: () => Promise.reject(new LinkError("timeout", "nothing is asked for")) },
    clock: systemClock,
    news: new News(storage, () => {}),
    keys,
    times: DEFAULT_TIMES,
    versions: VERSIONS,
    self: {
      address: OWN.bare,
      fingerprint: fingerprintOf(omemo2, omemo2.encodeIdentity(keys.identity)),
    },
    trustPolicy: DEFAULT_TRUST_POLICY,
    listed: new KnownDevices({ self: keys, versions: VERSIONS, trustPolicy: DEFAULT_TRUST_POLICY }),
  };
}
