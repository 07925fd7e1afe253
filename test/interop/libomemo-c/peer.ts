import { axolotl } from "../../../sdk/ratchet/mod.js";
import type { Profile } from "../../../sdk/ratchet/mod.js";
import { LinePeer } from "../line-peer.js";
import { buildPeer } from "./build.js";

/** Codes of libomemo-c. Source: its `signal_protocol.h`. */
const REFUSALS = {
  duplicate: "-1001",
  badMac: "-1005",
  usedPreKey: "-1003",
  forgedBundle: "-1002",
} as const;

/** A device over libomemo-c with one-time prekeys 1 to 200. */
export class LibomemoPeer extends LinePeer {
  /** Starts the program, building it first if need be. @param profile OMEMO 0.3 if not given */
  constructor(profile: Profile = axolotl) {
    super(buildPeer(), profile === axolotl ? [] : ["2"], REFUSALS);
  }

  /** Its own medians in microseconds: building a session, first decrypt, ping-pong, in-chain encrypt, in-chain decrypt. */
  async bench(rounds: number): Promise<number[]> {
    return (await this.ask("bench", rounds)).slice(1).map(Number);
  }
}
