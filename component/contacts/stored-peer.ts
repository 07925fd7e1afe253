import type { Relation } from "./sight.js";

/**
 * Somebody who has to do with a person, as it travels between threads: the bare JID, row and seal of the number (a byte
 * a character), and how the two stand to each other, a bit for each fact.
 *
 * Objects would name their fields anew for each of a hundred peers, and make messages so large that V8 puts all that it
 * reads of them among what lives long.
 */
export type StoredPeer = readonly [jid: string, number: number, sealed: string, standing: number];

/** Somebody who has to do with a person. */
export interface PeerStanding {
  /** Bare JID of the account. */
  readonly jid: string;
  /** Row and seal of the number; the seal a byte a character once it has travelled. */
  readonly number: { readonly id: number; readonly sealed: Uint8Array | string };
  /** How the peer stands to the person, and the other way round; when it was asked is left out. */
  readonly toPerson: Relation;
  readonly fromPerson: Relation;
  readonly isBlocked: boolean;
}

const RELATION_BITS = 4;
const BLOCKED = 1 << (2 * RELATION_BITS);

/** One object for all relations that are alike: there are sixteen, and as many of them as contacts. */
const RELATIONS: readonly Relation[] = Array.from({ length: 1 << RELATION_BITS }, (_, bits) => ({
  isSubscribed: (bits & 1) !== 0,
  isApproved: (bits & 2) !== 0,
  isDenied: (bits & 4) !== 0,
  isTold: (bits & 8) !== 0,
  askedAt: 0,
}));

/** Makes a peer ready to travel. */
export function packPeer({ jid, number, toPerson, fromPerson, isBlocked }: PeerStanding): StoredPeer {
  const standing = bitsOf(toPerson) | (bitsOf(fromPerson) << RELATION_BITS) | (isBlocked ? BLOCKED : 0);
  return [jid, number.id, Buffer.from(number.sealed as Uint8Array).toString("latin1"), standing];
}

/** Reads what {@link packPeer} made; relations that are alike are one object. */
export function openPeer([jid, id, sealed, standing]: StoredPeer): PeerStanding {
  const relation = (bits: number): Relation => RELATIONS[bits & (RELATIONS.length - 1)] as Relation;
  return {
    jid,
    number: { id, sealed },
    toPerson: relation(standing),
    fromPerson: relation(standing >> RELATION_BITS),
    isBlocked: (standing & BLOCKED) !== 0,
  };
}

function bitsOf({ isSubscribed, isApproved, isDenied, isTold }: Relation): number {
  return Number(isSubscribed) | (Number(isApproved) << 1) | (Number(isDenied) << 2) | (Number(isTold) << 3);
}
