import type { Client, ClientEvents, InboxItem, InboxItemOf, SendHandle, TrustLevel } from "../../sdk/mod.js";
import { InvalidInput, TwotickError } from "../../src/errors.js";
import { phoneNumber, type PhoneNumber } from "../../src/phone-number.js";
import { History, type Remembered } from "./history.js";
import type { ChatView } from "./view.js";

/** Earlier messages that are shown when a conversation is opened. */
const SHOWN_BEFORE = 10;

/** What may be chosen about a chat. */
export interface ChatChoices {
  /** Whether senders are told that a message was seen. */
  readonly tellsRead: boolean;
}

/** A chat: the device of a person, and whom they talk to. */
export class ChatSession {
  readonly client: Client;
  readonly view: ChatView;
  readonly history: History;
  readonly #choices: ChatChoices;
  readonly #unread = new Map<string, InboxItemOf<"message">[]>();
  readonly #sent = new Set<SendHandle>();
  #number: PhoneNumber | undefined;
  #hasBeenOnline = false;
  #failure: TwotickError | undefined;

  constructor(client: Client, view: ChatView, choices: ChatChoices) {
    this.client = client;
    this.view = view;
    this.history = new History(client);
    this.#choices = choices;
    this.#listen();
  }

  /** Whom the person talks to. */
  get number(): PhoneNumber | undefined {
    return this.#number;
  }

  /** Why the chat cannot go on, once it cannot: its lines have ended then. */
  get failure(): TwotickError | undefined {
    return this.#failure;
  }

  /** Connects; the person may write before that has come to its end. */
  connect(): Promise<void> {
    return this.client.start().catch((error: unknown) => {
      if (!(error instanceof TwotickError)) throw error;
      this.#end(error);
    });
  }

  /** Whom the person talks to. @throws {InvalidInput} when nobody was chosen */
  requireNumber(): PhoneNumber {
    if (this.#number === undefined) throw new InvalidInput("nobody is chosen to talk to: /to +15551230001");
    return this.#number;
  }

  /** Shows what arrives, until the client stops; each message is kept and acknowledged before it is shown. */
  async receive(): Promise<void> {
    for await (const item of this.client.inbox()) await this.#take(item);
  }

  /** Opens the conversation with a number: shows its last messages, and tells that what came is seen. @throws {InvalidInput} */
  async talkTo(text: string): Promise<void> {
    const number = phoneNumber(text.replaceAll(/[\s().-]/g, ""));
    this.#number = number;
    for (const message of this.history.last(number, SHOWN_BEFORE)) this.#showAgain(number, message);
    this.view.talkingTo(number);
    const unread = this.#unread.get(number) ?? [];
    this.#unread.delete(number);
    if (!this.#choices.tellsRead || unread.length === 0) return;
    await this.client.commit((unit) => {
      for (const item of unread) unit.markRead(item);
    });
  }

  /** Writes to whom the person talks to. @throws {InvalidInput} {StorageError} */
  async say(text: string): Promise<void> {
    const number = this.requireNumber();
    const at = Date.now();
    const handle = await this.client.commit((unit) => {
      const sent = unit.send(number, text);
      this.history.add(unit, number, { id: sent.id, isOwn: true, at, text });
      return sent;
    });
    this.#sent.add(handle);
    const { id } = handle;
    this.view.message({ id, with: number, isOwn: true, at, text, remarks: [], state: handle.state });
  }

  /** Waits until everything that was written is accepted, or has failed. Answers whether all was accepted. */
  async settled(timeoutMs: number): Promise<boolean> {
    const ends = [...this.#sent].map((handle) => handle.until("accepted", { timeoutMs }));
    return (await Promise.allSettled(ends)).every(({ status }) => status === "fulfilled");
  }

  async #take(item: InboxItem): Promise<void> {
    const isOpen = item.from === this.#number;
    await this.client.commit((unit) => {
      if (item.kind === "message") {
        this.history.add(unit, item.from, { id: item.id, isOwn: false, at: item.at, text: item.text });
        if (isOpen && this.#choices.tellsRead) unit.markRead(item);
      } else if (item.kind === "sent-elsewhere")
        this.history.add(unit, item.to, { id: item.id, isOwn: true, at: item.at, text: item.text });
      unit.acknowledge(item);
    });
    if (item.kind === "message" && !isOpen)
      this.#unread.set(item.from, [...(this.#unread.get(item.from) ?? []), item]);
    this.#show(item);
  }

  #show(item: InboxItem): void {
    const { view } = this;
    const { id, at } = item;
    if (item.kind === "message") {
      const remarks = remarksOn(item, item.replaces !== undefined);
      return view.message({ id, with: item.from, isOwn: false, at, text: item.text, remarks });
    }
    if (item.kind === "sent-elsewhere") {
      const remarks = ["from another device of yours", ...remarksOn(item, item.replaces !== undefined)];
      return view.message({
        id,
        with: item.to,
        isOwn: true,
        at,
        text: item.text,
        remarks,
        state: "accepted",
      });
    }
    if (item.kind === "reaction" || item.kind === "reacted-elsewhere") {
      const said = item.emojis.join(" ") || "nothing any more";
      return view.remark("reaction", `${whose(item)} says ${said} to a message.`);
    }
    if (item.kind === "retraction" || item.kind === "retracted-elsewhere")
      return view.remark("retraction", `${whose(item)} takes a message back.`);
    return view.remark("undecryptable", `A message of ${item.from} could not be opened (${item.reason}).`);
  }

  #showAgain(number: string, { id, isOwn, at, text }: Remembered): void {
    const state = isOwn ? (this.client.sent(id)?.state ?? "accepted") : undefined;
    this.view.message({ id, with: number, isOwn, at, text, remarks: [], state });
  }

  #end(error: TwotickError): void {
    this.#failure = error;
    this.view.close();
  }

  #listen(): void {
    const { client, view } = this;
    client.on("state", (state) => {
      if (state === "attached" && !this.#hasBeenOnline)
        view.remark("online", `You are ${client.number}. /help shows what you can do.`);
      this.#hasBeenOnline ||= state === "attached";
    });
    client.on("accepted", ({ handle }) => view.state({ id: handle.id, to: handle.to, state: handle.state }));
    client.on("failed", ({ handle, error }) =>
      view.state({ id: handle.id, to: handle.to, state: "failed", why: error.message }),
    );
    client.on("receipt", ({ id, to }) => {
      const handle = client.sent(id);
      if (handle) view.state({ id, to, state: handle.state });
    });
    client.on("connection", ({ state, reason }) => {
      if (reason) view.remark("connection", `The connection is ${state}: ${reason.message}`);
    });
    client.on("identity-changed", (event) => view.remark("identity-changed", describeChange(event)));
    client.on("device-added", (event) => view.remark("device-added", describeAdded(event)));
    client.on("trust-changed", ({ address, level }) =>
      view.remark("trust-changed", `A device of ${localOf(address)} is ${level} now.`),
    );
    client.on("error", (error) => view.remark("error", (error as Error).message));
    client.on("fatal", (error) => this.#end(error));
  }
}

function whose({ kind, from }: InboxItem): string {
  return kind.endsWith("-elsewhere") ? "Another device of yours" : from;
}

function remarksOn(
  item: { readonly isEncrypted: boolean; readonly trust: TrustLevel | undefined },
  isEdit: boolean,
): string[] {
  const remarks = isEdit ? ["edited"] : [];
  if (!item.isEncrypted) return [...remarks, "not encrypted"];
  if (item.trust === "undecided" || item.trust === "distrusted") remarks.push(item.trust);
  return remarks;
}

function describeChange({ address, trust }: ClientEvents["identity-changed"]): string {
  const number = localOf(address);
  return `A device of ${number} shows another identity (${trust}): compare again with /verify.`;
}

function describeAdded({ address, device, trust }: ClientEvents["device-added"]): string {
  return `${localOf(address)} has a new device ${device} (${trust}).`;
}

function localOf(address: string): string {
  return address.split("@", 1)[0] ?? address;
}
