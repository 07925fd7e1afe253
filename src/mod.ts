/**
 * The vocabulary that component and SDK share: values, and readers and writers of XML. It does no I/O.
 *
 * @module twotick/protocol
 */

// Addresses, numbers, ids
export * from "./jid.js";
export * from "./phone-number.js";
export * from "./ids.js";

// The mailbox protocol: docs/protocol.md
export * from "./mailbox-attach.js";
export * from "./mailbox-submit.js";
export type { GenerationClaim } from "./store-generation.js";
export * from "./mailbox-deliver.js";
export * from "./mailbox-status.js";
export * from "./frame.js";
export * from "./frame-submit.js";
export * from "./frame-deliver.js";
export * from "./frame-payload.js";
export * from "./payload.js";
export * from "./message-content.js";
export * from "./receipt-state.js";

// OMEMO on the wire
export * from "./omemo.js";
export * from "./omemo-bundle.js";
export * from "./omemo-device-list.js";
export * from "./omemo2.js";
export * from "./omemo2-bundle.js";
export * from "./omemo2-device-list.js";
export * from "./envelope.js";
export * from "./envelope-affixes.js";
export * from "./trust-message.js";

// XML, forms, errors, time
export * from "./namespaces.js";
export * from "./xml.js";
export * from "./data-form.js";
export * from "./errors.js";
export * from "./clock.js";
export * from "./steady-clock.js";
export * from "./written-number.js";
