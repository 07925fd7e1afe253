import { StanzaError } from "../../src/errors.js";
import { messageId } from "../../src/ids.js";
import { writeStatus } from "../../src/mailbox-status.js";
import { NS } from "../../src/namespaces.js";
import { attribute, reading, type Element } from "../../src/xml.js";
import type { AccountOperations } from "../accounts/store.js";
import type { Capability, CapabilityModule, Context, IqRequest } from "../capability.js";
import type { ReceiptOperations } from "./store.js";

/** The status query: how far a message has come, device by device. Source: docs/protocol.md */
export const receipts: CapabilityModule = {
  name: "receipts",
  store: new URL("store.js", import.meta.url),
  create,
};

function create({ store, numbers }: Context): Capability {
  const stored = store.of<ReceiptOperations>("receipts");
  const accounts = store.of<AccountOperations>("accounts");

  const status = async ({ from, payload }: IqRequest): Promise<Element> => {
    const id = reading(() => messageId(attribute(payload, "id")));
    const account = await accounts.findByJid(from.bare);
    const found = account && (await stored.status(account.id, id));
    // Somebody else's message and none at all look the same
    if (!found)
      throw new StanzaError("item-not-found", "you have sent no message with this id, or it is forgotten");
    const recipients = found.receipts.map(({ deviceId, state, at }) => ({
      device: deviceId ?? undefined,
      state,
      at,
    }));
    return writeStatus({ id, to: numbers.jidOf(found.to), acceptedAt: found.acceptedAt, recipients });
  };

  return {
    iqs: [{ type: "get", element: "status", namespace: NS.mailbox, addressee: "component", handle: status }],
  };
}
