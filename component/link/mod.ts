export { Link, type LinkEvents, type StanzaHandler } from "./link.js";
export type { LinkOptions } from "./options.js";
export { UnsendableStanza, type UnsendableReason } from "./sendable.js";
