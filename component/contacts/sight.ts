/** Who may see something of a person. */
export const AUDIENCES = ["everyone", "contacts", "nobody"] as const;

/** One of {@link AUDIENCES}. */
export type Audience = (typeof AUDIENCES)[number];

/** What a person decides about: being online, when that was last, and name and picture. */
export const ASPECTS = ["presence", "lastSeen", "profile"] as const;

/** One of {@link ASPECTS}. */
export type Aspect = (typeof ASPECTS)[number];

/** What a person has decided. */
export type PrivacySettings = Readonly<Record<Aspect, Audience>>;

/** What holds for whoever has decided nothing. */
export const DEFAULT_SETTINGS: PrivacySettings = {
  presence: "contacts",
  lastSeen: "contacts",
  profile: "contacts",
};

/** How a subscriber stands to a contact, in this one direction. Source: RFC 6121 §3 */
export interface Relation {
  /** The subscriber asked to see the contact's presence, and did not take it back. */
  readonly isSubscribed: boolean;
  /** The contact said yes, perhaps before being asked. */
  readonly isApproved: boolean;
  /** The contact said no, or took a yes back. */
  readonly isDenied: boolean;
  /** The subscriber's server was told "subscribed", so that the contact stands as such in the roster there. */
  readonly isTold: boolean;
  /** When the contact was last asked, in milliseconds since 1970; 0 for never. */
  readonly askedAt: number;
}

/** How two stand to each other who have nothing to do with each other. */
export const NO_RELATION: Relation = {
  isSubscribed: false,
  isApproved: false,
  isDenied: false,
  isTold: false,
  askedAt: 0,
};

/** What decides whether somebody sees something of a person. */
export interface SightFacts {
  readonly isSelf: boolean;
  /** The person's. */
  readonly settings: PrivacySettings;
  /** How the asker stands to the person. */
  readonly toPerson: Relation;
  /** How the person stands to the asker. */
  readonly fromPerson: Relation;
  /** Whether either has blocked the other. */
  readonly isBlocked: boolean;
}

/**
 * Whether a subscription needs no further word of the contact's.
 *
 * Who subscribes to somebody takes that one for a contact: asking back for a yes would be asking twice. A no stands
 * until it is taken back.
 */
export function isGranted({ settings, toPerson, fromPerson }: SightFacts): boolean {
  if (toPerson.isApproved) return true;
  return !toPerson.isDenied && (settings.presence === "everyone" || fromPerson.isSubscribed);
}

/**
 * Whether an account of this service sees something of a person.
 *
 * Presence is pushed, and so wants a subscription too; what is only asked for wants none.
 */
export function sees(aspect: Aspect, facts: SightFacts): boolean {
  if (facts.isSelf) return true;
  if (facts.isBlocked) return false;
  const { settings, toPerson, fromPerson } = facts;
  if (aspect === "presence" && !toPerson.isSubscribed) return false;
  if (settings[aspect] === "nobody" || toPerson.isDenied) return false;
  return settings[aspect] === "everyone" || toPerson.isApproved || fromPerson.isSubscribed;
}
