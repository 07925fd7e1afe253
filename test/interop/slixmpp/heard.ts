/** A message as slixmpp read it; what it does not have is absent. */
export interface HeardMessage {
  readonly event: "message";
  readonly from: string;
  readonly type: string;
  readonly id: string;
  readonly body?: string;
  /** The id that a receipt is for. Source: XEP-0184 §5.3 */
  readonly receipt?: string;
  readonly asksForReceipt: boolean;
  readonly isMarkable: boolean;
  /** The id that a displayed marker is for. Source: XEP-0333 §4 */
  readonly displayed?: string;
  readonly originId?: string;
  /** The stamp of its delay, ISO 8601. Source: XEP-0203 §4 */
  readonly sentAt?: string;
  readonly replaces?: string;
  readonly repliesTo?: string;
  /** The id of what is retracted, and in which form of XEP-0424: of its own, or fastened to it (XEP-0422). */
  readonly retraction?: { readonly form: "plain" | "fastened"; readonly of: string };
  /** Where a file is. Source: XEP-0066 §3 */
  readonly media?: string;
  readonly reactions?: { readonly to: string; readonly values: readonly string[] };
  readonly state?: string;
  /** Call messages by kind, with the id of the call. Source: XEP-0353 §3 */
  readonly calls: Readonly<Record<string, string>>;
  /** What another app of the account sent or got; an empty body for what has none. Source: XEP-0280 §5 */
  readonly carbon?: { readonly kind: "sent" | "received"; readonly body: string };
  /** Of an error. */
  readonly condition?: string;
}

/** A presence as slixmpp read it. */
export interface HeardPresence {
  readonly event: "presence";
  readonly from: string;
  readonly type: string;
  readonly status: string;
  /** Since when nobody has done anything; null for nothing said. Source: XEP-0319 §3 */
  readonly idleSince: string | null;
  /** Node and hash of the caps; null for none. Source: XEP-0115 §4 */
  readonly caps: string | null;
}

/** What a contact's name or pictures are now, as slixmpp read it in an event. Source: XEP-0163 §4.3 */
export interface HeardProfile {
  readonly event: "profile";
  readonly from: string;
  readonly type: string;
  /** Of an event about the name. Source: XEP-0172 §4.3 */
  readonly nick?: string;
  /** The ids of the pictures, of an event about them. Source: XEP-0084 §4.2 */
  readonly pictures?: readonly string[];
}

/** Any request that came, by the tag of what it asks. */
export interface HeardRequest {
  readonly event: "request";
  readonly from: string;
  readonly type: "get" | "set";
  /** As `{namespace}name`. */
  readonly payload: string;
}

/** A step of a session's negotiation that the app has taken. Source: XEP-0166 §7 */
export interface HeardSession {
  readonly event: "session";
  readonly from: string;
  readonly action: string;
  readonly sid: string;
  readonly initiator?: string;
  readonly responder?: string;
  readonly media: readonly string[];
  /** Addresses at which the other side may be reached. Source: XEP-0176 §5.3 */
  readonly candidates: readonly string[];
  readonly reason?: string;
}

/** People who were suggested. Source: XEP-0144 §3 */
export interface HeardSuggestion {
  readonly event: "suggestion";
  readonly from: string;
  readonly jids: readonly string[];
}

/** Everything that an app tells of. */
export type Heard =
  HeardMessage | HeardPresence | HeardProfile | HeardRequest | HeardSession | HeardSuggestion;
