import { InvalidInput } from "./errors.js";

/** RFC 6122 §2.1: no part of a JID is longer than this, in bytes of UTF-8. */
const MAX_PART_BYTES = 1023;

/**
 * An XMPP address, taken apart once and compared by its text.
 *
 * The server has already prepared (stringprep/PRECIS) the addresses that it stamps; here the localpart and
 * domainpart are only lower-cased, which is what preparation does to ASCII.
 * Source: RFC 6122 §2.
 */
export class Jid {
  readonly local: string;
  readonly domain: string;
  readonly resource: string;

  private constructor(local: string, domain: string, resource: string) {
    this.local = local;
    this.domain = domain;
    this.resource = resource;
  }

  /** Reads an address; @throws {InvalidInput} when it is none. */
  static parse(text: string): Jid {
    const jid = Jid.tryParse(text);
    if (!jid) throw new InvalidInput("not a JID");
    return jid;
  }

  /** Reads an address, or answers `undefined` when it is none. */
  static tryParse(text: string | undefined): Jid | undefined {
    if (!text) return undefined;
    const slash = text.indexOf("/");
    const bare = slash < 0 ? text : text.slice(0, slash);
    const resource = slash < 0 ? "" : text.slice(slash + 1);
    const at = bare.indexOf("@");
    const local = at < 0 ? "" : bare.slice(0, at).toLowerCase();
    const domain = bare.slice(at + 1).toLowerCase();
    if (at === 0 || (slash >= 0 && resource === "")) return undefined;
    if (!isDomainpart(domain) || !isLocalpart(local) || !isWithinLimit(resource)) return undefined;
    return new Jid(local, domain, resource);
  }

  /** The address without its resourcepart, as text. */
  get bare(): string {
    return this.local === "" ? this.domain : `${this.local}@${this.domain}`;
  }

  /** Whether there is a resourcepart. */
  get isFull(): boolean {
    return this.resource !== "";
  }

  /** The whole address, as text. */
  toString(): string {
    return this.isFull ? `${this.bare}/${this.resource}` : this.bare;
  }
}

function isDomainpart(domain: string): boolean {
  return domain !== "" && isWithinLimit(domain) && !/[\s"&'/:<>@\p{Cc}]/u.test(domain);
}

// RFC 6122 §2.3: these characters are not allowed in a localpart
function isLocalpart(local: string): boolean {
  return isWithinLimit(local) && !/[\s"&'/:<>@\p{Cc}]/u.test(local);
}

function isWithinLimit(part: string): boolean {
  return part.length <= MAX_PART_BYTES && Buffer.byteLength(part) <= MAX_PART_BYTES;
}
