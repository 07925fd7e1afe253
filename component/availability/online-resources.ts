import type { Clock, EpochMs } from "../../src/clock.js";
import { NS } from "../../src/namespaces.js";
import { attribute, type Element } from "../../src/xml.js";
import type { Sender, Stanza } from "../capability.js";
import type { Log } from "../log.js";
import type { Availability, Caps, Resource } from "./availability.js";
import { Features } from "./features.js";

const MAX_STATUS_CHARS = 1_000;

/** What the roll needs from its surroundings. */
export interface OnlinePorts {
  /** The domain that holds accounts: others are not kept. */
  readonly host: string;
  readonly link: Sender;
  readonly clock: Clock;
  readonly log: Log;
}

interface Entry {
  readonly resource: Resource;
  /** Whether the component itself was told, so that what a single number is told does not count any more. */
  readonly isToldToComponent: boolean;
}

/** The roll of those who are online, kept by the presence that they send to the component and to numbers. */
export class OnlineResources implements Availability {
  readonly #ports: OnlinePorts;
  readonly #features: Features;
  readonly #accounts = new Map<string, Map<string, Entry>>();
  readonly #availableListeners: ((resource: Resource, isNew: boolean) => void)[] = [];
  readonly #unavailableListeners: ((fullJid: string, isLost: boolean) => void)[] = [];

  constructor(ports: OnlinePorts) {
    this.#ports = ports;
    this.#features = new Features(ports.link, ports.clock);
  }

  resourcesOf(accountJid: string): readonly Resource[] {
    return [...(this.#accounts.get(accountJid)?.values() ?? [])].map(({ resource }) => resource);
  }

  isAvailable(fullJid: string): boolean {
    return this.#accounts.get(bareOf(fullJid))?.has(fullJid) === true;
  }

  async featuresOf(fullJid: string): Promise<ReadonlySet<string> | undefined> {
    const entry = this.#accounts.get(bareOf(fullJid))?.get(fullJid);
    const features = entry && (await this.#features.of(fullJid, entry.resource.caps));
    // It went while it was asked, and is not heard of again
    if (!this.isAvailable(fullJid)) this.#features.forget(fullJid);
    return features;
  }

  onAvailable(listener: (resource: Resource, isNew: boolean) => void): void {
    this.#availableListeners.push(listener);
  }

  onUnavailable(listener: (fullJid: string, isLost: boolean) => void): void {
    this.#unavailableListeners.push(listener);
  }

  /** Accounts (bare JIDs) of which somebody is online. */
  get accounts(): string[] {
    return [...this.#accounts.keys()];
  }

  /** Takes what an account tells the component or a number. Source: RFC 6121 §4.2.1, §4.5 */
  take({ from, to, type, element }: Stanza): void {
    if (from.domain !== this.#ports.host || from.local === "") return;
    const isToldToComponent = to.local === "";
    if (type === undefined && from.isFull) this.#come(from.bare, String(from), element, isToldToComponent);
    if (type !== "unavailable") return;
    for (const [jid, entry] of this.#accounts.get(from.bare) ?? []) {
      // An answer to a probe comes from the bare JID when nobody is there; RFC 6121 §4.3.2
      const isMeant = from.isFull ? jid === String(from) : isToldToComponent;
      // Who leaves one number's sight has not gone
      if (isMeant && (isToldToComponent || !entry.isToldToComponent)) this.#go(from.bare, jid, false);
    }
  }

  /** Forgets everybody: what was sent while the link was down is not known. */
  clear(): void {
    for (const [account, entries] of this.#accounts)
      for (const jid of entries.keys()) this.#go(account, jid, true);
  }

  #come(account: string, jid: string, presence: Element, isToldToComponent: boolean): void {
    const entries = this.#accounts.get(account) ?? new Map<string, Entry>();
    this.#accounts.set(account, entries);
    const known = entries.get(jid);
    const since = known?.resource.since ?? this.#ports.clock.now();
    const resource = readResource(presence, { account, jid, since });
    entries.set(jid, { resource, isToldToComponent: isToldToComponent || known?.isToldToComponent === true });
    this.#tell(this.#availableListeners, (listener) => listener(resource, known === undefined));
  }

  #go(account: string, jid: string, isLost: boolean): void {
    const entries = this.#accounts.get(account);
    if (!entries?.delete(jid)) return;
    if (entries.size === 0) this.#accounts.delete(account);
    this.#features.forget(jid);
    this.#tell(this.#unavailableListeners, (listener) => listener(jid, isLost));
  }

  #tell<Listener>(listeners: readonly Listener[], call: (listener: Listener) => void): void {
    for (const listener of listeners) {
      try {
        call(listener);
      } catch (error) {
        this.#ports.log.error({ reason: (error as Error).message }, "a presence could not be handled");
      }
    }
  }
}

function readResource(
  presence: Element,
  who: { readonly account: string; readonly jid: string; readonly since: EpochMs },
): Resource {
  return {
    ...who,
    priority: readPriority(presence.getChildText("priority")),
    show: readShow(presence.getChildText("show")),
    status: presence.getChildText("status")?.slice(0, MAX_STATUS_CHARS) || undefined,
    caps: readCaps(presence.getChild("c", NS.caps)),
  };
}

// RFC 6121 §4.7.2.3: a byte; what is none counts as 0
function readPriority(text: string | null): number {
  if (!text || !/^[+-]?\d{1,4}$/.test(text)) return 0;
  return Math.max(-128, Math.min(127, Number(text)));
}

// RFC 6121 §4.7.2.1
function readShow(text: string | null): Resource["show"] {
  return text === "away" || text === "chat" || text === "dnd" || text === "xa" ? text : undefined;
}

function readCaps(element: Element | undefined): Caps | undefined {
  const [hash, node, ver] = element
    ? [attribute(element, "hash"), attribute(element, "node"), attribute(element, "ver")]
    : [];
  if (node === undefined || ver === undefined) return undefined;
  return { hash, node, ver };
}

function bareOf(fullJid: string): string {
  const slash = fullJid.indexOf("/");
  return slash < 0 ? fullJid : fullJid.slice(0, slash);
}
