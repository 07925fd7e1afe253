import { NS } from "../../src/namespaces.js";
import { parseStamp } from "../../src/clock.js";
import { attribute, escapeXML, xml, type Element } from "../../src/xml.js";
import type { Resource } from "../availability/availability.js";

/** What a presence says beyond what tells whether somebody is there. */
export interface PresenceExtras {
  /** XEP-0319: since when the person has not touched the device, as an XEP-0082 DateTime. */
  readonly idleSince: string | undefined;
  /** XEP-0153: SHA-1 of the picture, in hexadecimal; empty for "there is none". */
  readonly photo: string | undefined;
}

/** A presence as others are shown it: what it is for all of them, and what only some see. */
export interface PresentedPresence {
  /** Ready XML of the children that all see. */
  readonly common: string;
  /** Ready XML; empty when there is nothing. */
  readonly idle: string;
  readonly photo: string;
}

/** Reads what is passed on of a presence; anything malformed is left out. Source: XEP-0319 §3, XEP-0153 §4 */
export function readExtras(presence: Element): PresenceExtras {
  const idle = presence.getChild("idle", NS.idle);
  const photo = presence.getChild("x", NS.vcardUpdate)?.getChild("photo")?.getText();
  return {
    idleSince: idle && readStamp(attribute(idle, "since")),
    photo: photo !== undefined && /^([0-9a-f]{40})?$/.test(photo) ? photo : undefined,
  };
}

/** Writes a presence anew from what is known: nothing passes as it came. Source: RFC 6121 §4.7 */
export function presentPresence(
  { show, status, priority }: Resource,
  { idleSince, photo }: PresenceExtras,
  caps: Element | undefined,
): PresentedPresence {
  const children = [
    show === undefined ? undefined : xml("show", {}, show),
    status === undefined ? undefined : xml("status", {}, status),
    priority === 0 ? undefined : xml("priority", {}, String(priority)),
    caps,
  ];
  return {
    common: children.map((child) => child?.toString() ?? "").join(""),
    idle: idleSince === undefined ? "" : `<idle xmlns='${NS.idle}' since='${escapeXML(idleSince)}'/>`,
    photo:
      photo === undefined
        ? ""
        : `<x xmlns='${NS.vcardUpdate}'>${photo === "" ? "<photo/>" : `<photo>${photo}</photo>`}</x>`,
  };
}

function readStamp(text: string | undefined): string | undefined {
  try {
    return new Date(parseStamp(text)).toISOString();
  } catch {
    return undefined;
  }
}
