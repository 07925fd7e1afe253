import { axolotl, omemo2 } from "../../sdk/ratchet/mod.js";
import type { Profile } from "../../sdk/ratchet/mod.js";
import {
  ONE_SESSION_ONLY,
  PRE_KEY_OPTIONAL,
  PRE_KEY_REQUIRED,
  UPSTREAM_FAULTS,
  WEAK_KEYS_ACCEPTED,
} from "./deviations.js";
import type { Deviation } from "./deviations.js";
import { buildPeer } from "./libomemo-c/build.js";
import { LibomemoPeer } from "./libomemo-c/peer.js";
import { LibsignalPeer, requireUpstream } from "./libsignal/peer.js";
import type { LinePeer } from "./line-peer.js";
import { PythonPeer, requireLibrary } from "./python/peer.js";
import type { Sign } from "./our-device.js";

/** An independent implementation of one version of OMEMO. */
export interface Counterpart {
  readonly name: string;
  readonly profile: Profile;
  /** @throws Error that says what is missing and how to get it */
  readonly require: () => unknown;
  /** Starts a device with keys of its own. */
  readonly start: () => LinePeer;
  /** The signs that its identities have. */
  readonly signs: readonly Sign[];
  readonly deviations: readonly Deviation[];
}

/** It signs as original XEdDSA does, with whichever of a key and its negative has the sign 0. */
const LIBOMEMO_SIGNS: readonly Sign[] = [0];

/** All of them, beside each version that they speak. */
export const COUNTERPARTS: readonly Counterpart[] = [
  {
    name: "libomemo-c",
    profile: axolotl,
    require: buildPeer,
    start: () => new LibomemoPeer(axolotl),
    signs: LIBOMEMO_SIGNS,
    deviations: WEAK_KEYS_ACCEPTED,
  },
  {
    name: "libomemo-c",
    profile: omemo2,
    require: buildPeer,
    start: () => new LibomemoPeer(omemo2),
    signs: LIBOMEMO_SIGNS,
    deviations: [...PRE_KEY_OPTIONAL, ...WEAK_KEYS_ACCEPTED],
  },
  {
    name: "python-oldmemo",
    profile: axolotl,
    require: () => requireLibrary("oldmemo"),
    start: () => new PythonPeer("oldmemo"),
    signs: [0, 1],
    deviations: [...ONE_SESSION_ONLY, ...PRE_KEY_REQUIRED],
  },
  {
    name: "python-twomemo",
    profile: omemo2,
    require: () => requireLibrary("twomemo"),
    start: () => new PythonPeer("twomemo"),
    signs: [0, 1],
    deviations: ONE_SESSION_ONLY,
  },
  {
    name: "libsignal for TypeScript",
    profile: axolotl,
    require: requireUpstream,
    start: () => new LibsignalPeer(),
    signs: [0, 1],
    deviations: [...UPSTREAM_FAULTS, ...WEAK_KEYS_ACCEPTED],
  },
];
