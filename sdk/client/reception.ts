import { Jid } from "../../src/jid.js";
import type { Element } from "../../src/xml.js";
import type { Omemo } from "../omemo/mod.js";
import type { Acknowledgements } from "./acknowledgements.js";
import type { Backlog } from "./backlog.js";
import type { Tell } from "./events.js";
import type { GroupCommit } from "./group-commit.js";
import type { Handles } from "./handles.js";
import type { Inbox, Intake } from "./inbox.js";
import type { MailboxService } from "./mailbox-service.js";
import type { MailboxSession } from "./mailbox-session.js";
import type { Presenter } from "./presenter.js";

/** Where what arrives goes. */
export interface ReceptionPorts {
  readonly service: MailboxService;
  readonly session: MailboxSession;
  readonly commits: GroupCommit;
  readonly inbox: Inbox;
  readonly acks: Acknowledgements;
  readonly handles: Handles;
  readonly presenter: Presenter;
  readonly backlog: Backlog;
  /** The encryption, once the own number is known. */
  readonly omemo: () => Omemo | undefined;
  readonly tell: Tell;
}

/** Takes what arrives to where it belongs; first into the store, then to the service as an acknowledgement, then to the app. */
export class Reception {
  readonly #ports: ReceptionPorts;
  /** What is held back, in order; missing while nothing is. */
  #held: Promise<void> | undefined;

  constructor(ports: ReceptionPorts) {
    this.#ports = ports;
  }

  /** Takes a stanza; what is not of the service is left alone. */
  take(stanza: Element): void {
    const { service, session, tell } = this.#ports;
    const notice = service.read(stanza);
    if (!notice) return;
    if (notice.kind === "deliver") this.#deliver(notice.deliver, !session.isAttaching);
    else if (notice.kind === "unreachable") session.reattach("the service is away");
    else if (notice.kind === "unreadable") {
      tell("error", notice.error);
      session.reattach("a frame could not be read");
    } else if (notice.kind === "detached") {
      tell("detached", { reason: notice.reason });
      service.forgotten();
      session.closed(notice);
    } else {
      this.#inform((omemo) => omemo.receiveDeviceList(notice.from, notice.items));
    }
  }

  #deliver(deliver: Element, isOfThisSession: boolean): void {
    const { backlog } = this.#ports;
    if (!this.#held && !backlog.isFull) return void this.#takeIn(deliver, isOfThisSession);
    const held = (this.#held ?? Promise.resolve())
      .then(() => backlog.room())
      .then(() => this.#takeIn(deliver, isOfThisSession))
      .then(() => {
        if (this.#held === held) this.#held = undefined;
      });
    this.#held = held;
  }

  /** Tells the encryption what it should know; what it cannot note is told. */
  #inform(inform: (omemo: Omemo) => void): void {
    try {
      const omemo = this.#ports.omemo();
      if (omemo) inform(omemo);
    } catch (error) {
      this.#ports.tell("error", error);
    }
  }

  async #takeIn(deliver: Element, isOfThisSession: boolean): Promise<void> {
    const { service, commits, inbox, session, tell, handles, presenter, backlog } = this.#ports;
    let intake: Intake;
    try {
      intake = await commits.run((transaction) => inbox.receive(transaction, deliver, isOfThisSession));
    } catch (error) {
      // It was not acknowledged, and comes again
      tell("error", error);
      return;
    }
    inbox.committed(intake);
    backlog.added(intake.records.length);
    this.#acknowledge(intake);
    if (intake.hasGap) session.reattach("entries were lost on the way");
    for (const fault of intake.faults) tell("error", fault);
    for (const receipt of intake.receipts) {
      handles.changed(receipt.id);
      tell("receipt", receipt);
      // A number that was registered anew has other devices than those it was encrypted to
      if (receipt.state === "undecryptable") {
        this.#inform((omemo) => omemo.doubt(Jid.parse(`${receipt.to}@${service.domain}`)));
      }
    }
    if (intake.records.length > 0) presenter.added();
  }

  #acknowledge({ added, repeated, cursor, failures, hasMessages }: Intake): void {
    const { acks } = this.#ports;
    if (added > 0) acks.moved(cursor, failures, hasMessages);
    if (repeated.length > 0) acks.repeated(repeated);
  }
}
