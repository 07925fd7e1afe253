import { Connection } from "../sdk/connection/connection.js";
import { newMessageId } from "../src/ids.js";
import { NS } from "../src/namespaces.js";
import { attribute, type Element, xml } from "../src/xml.js";
import type { Login } from "./hosts.js";

/** The resource that every ordinary client has. */
export const RESOURCE = "plain";

/** Everything at once, as a backlog is sent. */
const NO_LIMITS = { maxPendingStanzas: 1_000_000, maxPendingLength: 1e9 };

/** A server that works through a backlog says nothing meanwhile. */
const PATIENT = { deadlineMs: 600_000 };

/**
 * What a client writes beside what its people say: receipts alone, or all that apps write which people use.
 *
 * Conversations, for one, asks for markers too, repeats the id of a message as its origin id, and wants receipts archived.
 * Source: XEP-0333 §4.1, XEP-0359 §3.1, XEP-0334 §4.1
 */
export type Manner = "bare" | "as apps";

/** A message that asks for a receipt. */
export function writeMessage(manner: Manner, to: string, payload: string): string {
  const id = newMessageId();
  const asked =
    manner === "bare"
      ? ""
      : `<origin-id xmlns='${NS.stanzaIds}' id='${id}'/><markable xmlns='${NS.chatMarkers}'/>`;
  return `<message type='chat' to='${to}' id='${id}'>${payload}<request xmlns='${NS.receipts}'/>${asked}</message>`;
}

/**
 * An ordinary client that is online, says that it gives receipts and gives them. Source: XEP-0184 §5.3
 *
 * @param onStanza told of everything that arrives
 */
export async function plainClient(
  login: Login,
  onStanza: (stanza: Element) => void = () => {},
  manner: Manner = "bare",
): Promise<Connection> {
  const connection = new Connection({
    ...login,
    resource: RESOURCE,
    sendLimits: NO_LIMITS,
    heartbeat: PATIENT,
  });
  connection.on("stanza", (stanza) => {
    onStanza(stanza);
    if (!stanza.getChild("request", NS.receipts)) return;
    const [to, id] = [attribute(stanza, "from"), attribute(stanza, "id")];
    const archived = manner === "bare" ? "" : `<store xmlns='${NS.hints}'/>`;
    const received = `<received xmlns='${NS.receipts}' id='${id}'/>${archived}`;
    // Whoever is leaving gives none
    connection.send(`<message to='${to}' id='${newMessageId()}'>${received}</message>`).catch(() => {});
  });
  const features = [NS.discoInfo, NS.receipts, NS.ping];
  connection.handle("get", NS.discoInfo, "query", (query) =>
    xml(
      "query",
      { xmlns: NS.discoInfo, node: attribute(query, "node") },
      xml("identity", { category: "client", type: "pc" }),
      ...features.map((name) => xml("feature", { var: name })),
    ),
  );
  await connection.start();
  await connection.send("<presence/>");
  return connection;
}
