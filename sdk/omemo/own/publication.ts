import { readForm, submitElement } from "../../../src/data-form.js";
import { LinkError, StanzaError } from "../../../src/errors.js";
import { newId } from "../../../src/ids.js";
import { NS } from "../../../src/namespaces.js";
import { type Element, parseXml, xml } from "../../../src/xml.js";
import type { NodeItem } from "../devices/pep.js";
import type { IqPort } from "../port.js";

/** How a node is to be configured, by field of the form. Source: XEP-0060 §16.4.2. */
type NodeOptions = Readonly<Record<string, string>>;

// Readable for people who are no contacts, and there when nobody is online: XEP-0384 0.8 §5.3.1, §5.3.2
const OPEN: NodeOptions = { "pubsub#persist_items": "true", "pubsub#access_model": "open" };

/**
 * How many items a node may have that all devices of an account share, the best first.
 *
 * XEP-0384 0.8 §5.3.2 wants `max`, which older servers do not know; some allow no more than a few.
 */
const MAX_ITEMS = ["max", "256", "32", "10"];

/**
 * Publishes on a node of the own account that everybody may read, whatever the node was like before.
 *
 * @throws {StanzaError} @throws {LinkError}
 */
export async function publishItem(connection: IqPort, place: NodeItem, content: string): Promise<void> {
  await withOptions(place, async (options) => {
    try {
      await connection.request(publication(place, content, options));
    } catch (error) {
      // XEP-0060 §7.1.5: "conflict" with "precondition-not-met" tells that the node is configured otherwise
      if (!(error instanceof StanzaError && error.condition === "conflict")) throw error;
      await connection.request(configuration(place, options));
      await connection.request(publication(place, content, options));
    }
  });
}

/**
 * Configures a node of the own account as it has to be, when the server says that it is not.
 *
 * @returns whether it was wrong: what it holds may then be gone with the next restart of the server
 * @throws {StanzaError} when the server refuses to change it; @throws {LinkError}
 */
export async function repairNode(connection: IqPort, place: NodeItem): Promise<boolean> {
  const configured = await readConfiguration(connection, place.node);
  if (!configured || isRight(configured, place)) return false;
  await withOptions(place, async (options) => {
    await connection.request(configuration(place, options));
  });
  return true;
}

/** Tries the options of a node, the best first, until the server takes them. */
async function withOptions(
  { hasManyItems }: NodeItem,
  attempt: (options: NodeOptions) => Promise<void>,
): Promise<void> {
  if (!hasManyItems) return attempt(OPEN);
  for (const [index, limit] of MAX_ITEMS.entries()) {
    try {
      return await attempt({ ...OPEN, "pubsub#max_items": limit });
    } catch (error) {
      if (index === MAX_ITEMS.length - 1 || !isAboutOptions(error)) throw error;
    }
  }
}

/** Whether a server may have refused how a node is to be, and not what is to be in it. */
function isAboutOptions(error: unknown): boolean {
  if (!(error instanceof StanzaError)) return false;
  return ["bad-request", "not-acceptable", "conflict", "feature-not-implemented"].includes(error.condition);
}

async function readConfiguration(
  connection: IqPort,
  node: string,
): Promise<ReadonlyMap<string, readonly string[]> | undefined> {
  const ask = xml("pubsub", { xmlns: NS.pubsubOwner }, xml("configure", { node }));
  try {
    const result = await connection.request(xml("iq", { type: "get", id: newId() }, ask));
    const configure = result.getChild("pubsub", NS.pubsubOwner)?.getChild("configure");
    const form = configure?.getChild("x", NS.dataForms);
    return form && readForm(form).values;
  } catch (error) {
    // A server that does not show it: what was published with options stands as it is
    if (error instanceof LinkError || (error instanceof StanzaError && error.type === "wait")) throw error;
    if (error instanceof StanzaError) return undefined;
    throw error;
  }
}

function isRight(configured: ReadonlyMap<string, readonly string[]>, { hasManyItems }: NodeItem): boolean {
  const access = configured.get("pubsub#access_model")?.[0] ?? "open";
  const persist = configured.get("pubsub#persist_items")?.[0] ?? "true";
  const most = configured.get("pubsub#max_items")?.[0] ?? "max";
  // With one item for all, each device would throw out the other's
  return access === "open" && (persist === "true" || persist === "1") && !(hasManyItems && most === "1");
}

function publication({ node, id }: NodeItem, content: string, options: NodeOptions): Element {
  const item = xml("item", { id }, parseXml(content));
  return set(
    xml(
      "pubsub",
      { xmlns: NS.pubsub },
      xml("publish", { node }, item),
      xml("publish-options", {}, submitElement(NS.publishOptions, options)),
    ),
  );
}

// XEP-0060 §8.2.4
function configuration({ node }: NodeItem, options: NodeOptions): Element {
  const form = submitElement(NS.nodeConfig, options);
  return set(xml("pubsub", { xmlns: NS.pubsubOwner }, xml("configure", { node }, form)));
}

function set(pubsub: Element): Element {
  return xml("iq", { type: "set", id: newId() }, pubsub);
}
