import type { MessageId } from "../../src/ids.js";
import type { MessageStatus } from "../../src/mailbox-status.js";
import type { Tell } from "./events.js";
import { Handles, type SendHandle } from "./handles.js";
import { Outbox, type OutboxPorts } from "./outbox.js";

/** What sending works with. */
export interface SendingPorts extends OutboxPorts {
  /** Asks the service how far a message has come. */
  readonly status: (id: MessageId) => Promise<MessageStatus>;
}

/** The sending half of a client: the outbox, the handles of what goes through it, and what is told of both. */
export class Sending {
  readonly outbox: Outbox;
  readonly handles: Handles;

  constructor(ports: SendingPorts, tell: Tell) {
    const { clock, sent, status } = ports;
    this.handles = new Handles({ clock, sent, status, cancel: (id) => this.outbox.cancel(id) });
    this.outbox = new Outbox(ports, {
      accepted: (id, at) => tell("accepted", { handle: this.#changed(id), at }),
      failed: (id, error) => tell("failed", { handle: this.#changed(id), error }),
      error: (error) => tell("error", error),
    });
  }

  #changed(id: MessageId): SendHandle {
    this.handles.changed(id);
    return this.handles.find(id) as SendHandle;
  }
}
