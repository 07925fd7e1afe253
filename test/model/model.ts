import { receiptRank, type ReceiptState } from "../../src/receipt-state.js";
import { MAX_ENTRIES, WINDOW } from "./component.js";
import type { Account, Device, Erasure, Message } from "./things.js";

const MAX_ATTEMPTS = 5;
const CAUTIOUS_FROM = 3;
const MAX_RESENDS = 5;

/** What has to be true of the mailboxes, told without a database, a window of promises or a clock. */
export class Model {
  readonly accounts = new Map<string, Account>();
  readonly erasures = new Map<string, Erasure>();
  messages: Message[] = [];
  now = 0;
  #rows = 0;
  #accountRows = 0;

  register(number: string, deviceId: number): Device {
    this.unlink(number);
    const account = { row: ++this.#accountRows, number, devices: [], blocked: new Set<string>() };
    this.accounts.set(number, account);
    return this.#addRow(account, deviceId);
  }

  unlink(number: string): void {
    const gone = this.accounts.get(number)?.devices ?? [];
    this.accounts.delete(number);
    for (const device of gone) this.#remove(device);
  }

  addDevice(account: Account, deviceId: number): Device {
    const waiting = account.devices.find((device) => device.deviceId === undefined);
    if (waiting) waiting.deviceId = deviceId;
    return waiting ?? this.#addRow(account, deviceId);
  }

  removeDevice(device: Device): void {
    const { account } = device;
    account.devices = account.devices.filter((one) => one !== device);
    if (account.devices.length === 0) this.#addRow(account, undefined);
    // Whatever session the account has is closed: those that are still bound attach again
    for (const one of account.devices) this.leave(one);
    this.#remove(device);
  }

  /** What becomes of one submit; the first refusal for want of room holds up what follows to the same number. */
  submit(from: Device, messages: readonly { id: string; to: string; text: string }[]): string[] {
    const full = new Set<string>();
    return messages.map(({ id, to, text }) => {
      const outcome = this.#accept(from, id, to, text, full.has(to));
      if (outcome === "mailbox-full") full.add(to);
      return outcome;
    });
  }

  #accept({ account, row }: Device, id: string, to: string, text: string, isBehind: boolean): string {
    const earlier = this.messages.find((one) => one.sender === account.row && one.id === id);
    if (earlier) return earlier.to === to && earlier.text === text ? "duplicate" : "id-reused";
    const recipient = this.accounts.get(to);
    if (!recipient) return "no-such-number";
    if (isBehind) return "mailbox-full";
    const others = account.devices.filter((device) => device.row !== row);
    // Whoever is blocked is told what everybody is told of somebody who never comes
    const reached = recipient.blocked.has(account.number) ? [] : recipient.devices;
    const targets = recipient === account ? others : reached;
    const hasRoom = ({ entries }: Device): boolean => entries.length < MAX_ENTRIES;
    if (recipient === account && targets.length === 0) return "no-other-device";
    if (targets.length > 0 && !targets.some(hasRoom)) return "mailbox-full";
    const copies = recipient === account ? [] : others.filter(hasRoom);
    const states = new Map(targets.map((device): [number, ReceiptState] => [device.row, "accepted"]));
    const { row: sender, number } = account;
    const common = { sender, from: number, id, recipient: recipient.row, to, text };
    const message: Message = { ...common, at: this.now, states, pending: 0 };
    this.messages.push(message);
    const skipped = targets.filter((device) => !hasRoom(device));
    for (const device of [...targets.filter(hasRoom), ...copies]) {
      this.#put(device, message);
      message.pending += 1;
    }
    for (const device of skipped) this.#raise(device, [[message, "expired"]]);
    return "accepted";
  }

  /** Everything up to `seq` is durable on the device, but for what it could not decrypt. */
  acknowledge(device: Device, seq: number, undecryptable?: number): void {
    this.#end(device, seq, (ended) => (ended === undecryptable ? "undecryptable" : "delivered"));
    this.#note(device, seq);
    this.pump(device);
  }

  attach(device: Device, last: number): void {
    const judge = (): boolean => {
      this.#end(device, last, () => "delivered");
      const first = device.entries[0]?.seq;
      if (first === undefined) return false;
      const attempts = device.head.seq === first ? device.head.attempts : 0;
      if (attempts >= MAX_ATTEMPTS) this.#setAside(device, first);
      return attempts + 1 >= CAUTIOUS_FROM && attempts < MAX_ATTEMPTS;
    };
    // What comes of attaching, as a receipt for a note to oneself, goes to the session that it opens
    const former = device.session;
    device.session = undefined;
    let isCautious = judge();
    if (former) {
      device.session = former;
      this.#note(device, last);
      const isInVain = former.onTheWay.length > 0;
      this.leave(device);
      if (isInVain) isCautious = judge();
    } else if (device.cutOff.some((seq) => seq <= last) && device.cutOff.some((seq) => seq > last)) {
      this.#blame(device, device.cutOff.find((seq) => seq > last) as number);
      isCautious = judge();
    }
    device.cutOff = [];
    const cautiousLeft = isCautious ? WINDOW : 0;
    device.session = { delivered: [], onTheWay: [], sent: last, cautiousLeft, resends: 0 };
    this.pump(device);
  }

  /** The session of a device ended, by its doing or for want of an answer. */
  leave(device: Device): void {
    const onTheWay = device.session?.onTheWay ?? [];
    device.session = undefined;
    const [first] = onTheWay;
    if (first === undefined) return;
    device.cutOff = onTheWay;
    this.#blame(device, first);
  }

  #blame(device: Device, first: number): void {
    const { head } = device;
    device.head = { seq: first, attempts: head.seq === first ? head.attempts + 1 : 1 };
  }

  /** Answers whether there is such a message. */
  read(reader: Device, senderNumber: string, id: string): boolean {
    const sender = this.accounts.get(senderNumber)?.row;
    const message = this.messages.find(
      (one) => one.sender === sender && one.id === id && one.recipient === reader.account.row,
    );
    if (!message) return false;
    if (!message.states.has(reader.row)) message.states.set(reader.row, "accepted");
    this.#raise(reader, [[message, "read"]]);
    return true;
  }

  /** The link or the process was gone: nobody is to blame. */
  restart(): void {
    for (const device of this.devices) Object.assign(device, { session: undefined, cutOff: [] });
  }

  /** What was not acknowledged in time goes again; after five times in vain, no more. */
  timeOut(): void {
    for (const device of this.devices) {
      const { session } = device;
      const first = session?.onTheWay[0];
      if (!session || first === undefined) continue;
      session.resends += 1;
      if (session.resends > MAX_RESENDS) this.leave(device);
      else Object.assign(session, { onTheWay: [], sent: first - 1 });
      this.pump(device);
    }
  }

  expire(before: number, forgetBefore: number): void {
    for (const device of this.devices) {
      const last = device.entries.findLast(({ at }) => at < before)?.seq;
      if (last !== undefined) this.#end(device, last, () => "expired");
    }
    this.messages = this.messages.filter(({ at, pending }) => at >= forgetBefore || pending > 0);
  }

  /** Everything about a number is to go. */
  erase(number: string, isAtOnce: boolean): void {
    this.unlink(number);
    const wasAtOnce = this.erasures.get(number)?.isAtOnce ?? false;
    this.erasures.set(number, { messages: new Set(this.messages), isAtOnce: isAtOnce || wasAtOnce });
    this.goOnErasing();
  }

  /** What waits for others goes when it has reached them, or at once. */
  goOnErasing(): void {
    for (const [number, { messages, isAtOnce }] of this.erasures) {
      const isAbout = ({ from, to }: Message): boolean => from === number || to === number;
      const isTheirs = (content: Message | string): boolean =>
        typeof content === "string" ? content.includes(` by ${number}: `) : isAbout(content);
      if (isAtOnce)
        for (const device of this.devices)
          device.entries = device.entries.filter(({ content }) => !isTheirs(content));
      this.messages = this.messages.filter(
        (one) => !messages.has(one) || !isAbout(one) || (one.pending > 0 && !isAtOnce),
      );
      if (!this.messages.some((one) => messages.has(one) && isAbout(one))) this.erasures.delete(number);
    }
  }

  get devices(): Device[] {
    return [...this.accounts.values()]
      .flatMap(({ devices }) => devices)
      .sort((one, other) => one.row - other.row);
  }

  /** Whatever fits into the window goes, in order. */
  pump({ session, entries }: Device): void {
    if (!session) return;
    for (const { seq } of entries) {
      const room = (session.cautiousLeft > 0 ? 1 : WINDOW) - session.onTheWay.length;
      if (seq <= session.sent || room <= 0) continue;
      session.sent = seq;
      session.onTheWay.push(seq);
      session.delivered.push(seq);
    }
  }

  #addRow(account: Account, deviceId: number | undefined): Device {
    const head = { seq: 0, attempts: 0 };
    const device = {
      row: ++this.#rows,
      account,
      deviceId,
      entries: [],
      nextSeq: 1,
      head,
      session: undefined,
      cutOff: [],
    };
    account.devices.push(device);
    return device;
  }

  #remove(device: Device): void {
    device.session = undefined;
    this.#end(device, Infinity, () => "expired");
  }

  #put(device: Device, content: Message | string): void {
    device.entries.push({ seq: device.nextSeq++, at: this.now, content });
    this.pump(device);
  }

  #note({ session }: Device, seq: number): void {
    if (!session) return;
    const left = session.onTheWay.filter((one) => one > seq);
    const done = session.onTheWay.length - left.length;
    session.cautiousLeft = Math.max(0, session.cautiousLeft - done);
    session.onTheWay = left;
    if (done > 0) session.resends = 0;
  }

  #setAside(device: Device, seq: number): void {
    const held = device.entries[0]?.content;
    if (typeof held === "object") held.pending += 1;
    this.#end(device, seq, () => "expired");
  }

  #end(device: Device, seq: number, stateOf: (seq: number) => ReceiptState): void {
    const ended = device.entries.filter((entry) => entry.seq <= seq);
    device.entries = device.entries.filter((entry) => entry.seq > seq);
    const changes: [Message, ReceiptState][] = [];
    for (const entry of ended) {
      if (typeof entry.content === "string") continue;
      entry.content.pending -= 1;
      changes.push([entry.content, stateOf(entry.seq)]);
    }
    this.#raise(device, changes);
  }

  /** A state only rises, and what rose is news for the sender: one receipt for all of one sender's. */
  #raise(device: Device, changes: readonly (readonly [Message, ReceiptState])[]): void {
    const news = new Map<string, { sender: number; ids: string[] }>();
    for (const [message, state] of changes) {
      const { sender, to, id, states } = message;
      const before = states.get(device.row);
      if (before === undefined || receiptRank(before) >= receiptRank(state)) continue;
      states.set(device.row, state);
      const key = `${sender}: ${state} by ${to}`;
      const receipt = news.get(key) ?? { sender, ids: [] };
      receipt.ids.push(id);
      news.set(key, receipt);
    }
    for (const [key, { sender, ids }] of news) {
      const account = [...this.accounts.values()].find(({ row }) => row === sender);
      const content = `${key.slice(key.indexOf(" ") + 1)}: ${ids.join(" ")}`;
      for (const one of account?.devices ?? []) this.#put(one, content);
    }
  }
}
