import { childElements, type Element, escapeXML, escapeXMLText } from "../../../src/xml.js";

/** An element over several lines, for people. */
export function prettyXml(element: Element, indent = ""): string {
  const attributes = Object.entries(element.attrs as Record<string, unknown>)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${escapeXML(String(value))}"`)
    .join("");
  const children = childElements(element);
  const text = element.getText();
  const open = `${indent}<${element.name}${attributes}`;
  if (children.length === 0)
    return text === "" ? `${open}/>` : `${open}>${escapeXMLText(text)}</${element.name}>`;
  const inner = children.map((child) => prettyXml(child, `${indent}\t`)).join("\n");
  return `${open}>\n${inner}\n${indent}</${element.name}>`;
}
