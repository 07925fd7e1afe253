import { childElements, xml, type Element } from "../../src/xml.js";

/** Two addresses of which one is known to one side and the other to the other side. */
export interface Renaming {
  /** The address as it stands in what is passed on, bare or full. */
  readonly from: string;
  readonly to: string;
}

/**
 * Copies a payload with addresses put in place of each other, so that neither side learns the other's account.
 *
 * What only contains one of them is left out: there is no telling what it says. Attributes that are no text are too.
 *
 * @param renamings the full JIDs first, then the bare ones
 */
export function scrub(payload: Element, renamings: readonly Renaming[]): Element {
  const rename = (text: string): string | undefined => {
    const found = renamings.find(({ from }) => from === text);
    if (found) return found.to;
    return renamings.some(({ from }) => text.includes(from)) ? undefined : text;
  };
  const copy = (element: Element): Element => {
    const attributes = Object.entries(element.attrs as Record<string, unknown>).flatMap(([name, value]) => {
      const renamed = typeof value === "string" ? rename(value) : undefined;
      return renamed === undefined ? [] : [[name, renamed] as const];
    });
    const children = element.children.map((child) =>
      typeof child === "string" ? (rename(child) ?? "") : copy(child),
    );
    return xml(element.name, Object.fromEntries(attributes), ...children);
  };
  return copy(payload);
}

/** How many elements something has, itself counted. */
export function countElements(element: Element): number {
  return childElements(element).reduce((count, child) => count + countElements(child), 1);
}
