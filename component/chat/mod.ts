import { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import type { CapabilityModule, MessageRoute } from "../capability.js";
import { untilDone } from "../turns.js";
import { ChatHandler } from "./handler.js";
import type { ChatOperations } from "./store.js";

const SWEEP_EVERY_MS = 3_600_000;

/** What messages to the component hold: text, or what apps send around text. Source: XEP-0085 §5.1, XEP-0184 §5.1 */
const CONTENTS: readonly (readonly [element: string, namespace: string])[] = [
  ["body", NS.component],
  ["active", NS.chatStates],
  ["composing", NS.chatStates],
  ["paused", NS.chatStates],
  ["inactive", NS.chatStates],
  ["gone", NS.chatStates],
  ["request", NS.receipts],
];

/** The component's own chat, for apps that have neither forms nor commands: "register +1 555 123 0001". */
export const chat: CapabilityModule = {
  name: "chat",
  store: new URL("store.js", import.meta.url),
  create(context) {
    const handler = new ChatHandler(context);
    const { events, clock, log, store } = context;
    const operations = store.of<ChatOperations>("chat");
    events.onNumberMissing((fullJid) => {
      handler.hint(Jid.parse(fullJid)).catch((error: unknown) => {
        log.warn({ reason: (error as Error).name }, "a hint could not be given");
      });
    });
    return {
      features: { component: [NS.receipts] },
      messages: CONTENTS.map(([element, namespace]): MessageRoute => ({
        element,
        namespace,
        addressee: "component",
        handle: (message) => handler.take(message),
      })),
      jobs: [
        {
          name: "chat-sweep",
          everyMs: SWEEP_EVERY_MS,
          run: () => untilDone(() => operations.sweep(clock.now())),
        },
      ],
    };
  },
};
