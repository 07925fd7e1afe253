import type { Offer, ReadMailbox } from "./delivery-ports.js";

/** What the mailbox does for other capabilities. */
export interface ExchangeServer {
  /** Whether a device of the mailbox protocol has opened its mailbox under this full JID. */
  isAttached(fullJid: string): boolean;
  /** Takes entries that were just committed. */
  offer(offers: readonly Offer[]): void;
  readonly read: ReadMailbox;
}

/** Where those who bring entries to devices hand each other what is not theirs. */
export class Exchange {
  #server: ExchangeServer | undefined;
  #onUnattached: ((offer: Offer) => void) | undefined;
  #isDropped: ((account: string, numberJid: string) => Promise<boolean>) | undefined;

  /** The mailbox serves from now on. */
  serve(server: ExchangeServer): void {
    this.#server = server;
  }

  /** Whether a device of the mailbox protocol has opened its mailbox under this full JID. */
  isAttached(fullJid: string): boolean {
    return this.#server?.isAttached(fullJid) ?? false;
  }

  /** Puts entries that were just committed on their way, to devices of both kinds. */
  offer(offers: readonly Offer[]): void {
    this.#server?.offer(offers);
  }

  /** Reads the entries of a mailbox after a sequence number, in order; none before the mailbox serves. */
  async read(...what: Parameters<ReadMailbox>): Promise<Offer[]> {
    return (await this.#server?.read(...what)) ?? [];
  }

  /** Names who takes entries of devices that have not attached. */
  takeUnattached(take: (offer: Offer) => void): void {
    this.#onUnattached = take;
  }

  /** Names who finds out what a host drops. */
  findDropped(find: (account: string, numberJid: string) => Promise<boolean>): void {
    this.#isDropped = find;
  }

  /** Whether the host drops what a number JID writes to an account (bare JID), because that person has blocked it there. */
  async isDropped(account: string, numberJid: string): Promise<boolean> {
    return (await this.#isDropped?.(account, numberJid)) ?? false;
  }

  /** Hands on an entry of a device that has not attached. */
  unattached(offer: Offer): void {
    this.#onUnattached?.(offer);
  }
}
