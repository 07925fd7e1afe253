import { type Clock, systemClock } from "../../src/clock.js";
import { LinkError, type TwotickError } from "../../src/errors.js";
import type { DeviceId, MessageId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import type { Storage } from "../storage/port.js";
import { type Account, type DeviceKey, openDeviceKey, requireAccount, writeAccount } from "./account.js";
import { Acknowledgements } from "./acknowledgements.js";
import { Announcer } from "./announcer.js";
import { Backlog } from "./backlog.js";
import { presenceWithCaps } from "./caps.js";
import { Encryption, encryptionOptions } from "./encryption.js";
import { ClientStatus } from "./client-status.js";
import type { ClientState, Tell } from "./events.js";
import { StoreGeneration } from "./generation.js";
import { GroupCommit } from "./group-commit.js";
import type { Handles } from "./handles.js";
import { Inbox } from "./inbox.js";
import { type ConnectionPort, MailboxService } from "./mailbox-service.js";
import { MailboxSession } from "./mailbox-session.js";
import type { ClientOptions } from "./options.js";
import { openConnection } from "./open-connection.js";
import type { Outbox } from "./outbox.js";
import { Presenter } from "./presenter.js";
import { Pruning } from "./pruning.js";
import { Reception } from "./reception.js";
import { Sending } from "./sending.js";
import { SentRecords } from "./sent-records.js";
import { TokenKeeper } from "./token-keeper.js";

/** What a client does by itself: its parts, put together, and what happens between them. */
export class Engine {
  readonly commits: GroupCommit;
  readonly sent: SentRecords;
  readonly handles: Handles;
  readonly outbox: Outbox;
  readonly presenter: Presenter;
  readonly backlog: Backlog;
  readonly service: MailboxService;
  readonly encryption: Encryption;
  readonly #options: ClientOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #storage: Storage;
  readonly #tell: Tell;
  readonly #account: Account;
  readonly #deviceKey: DeviceKey;
  readonly #connection: ConnectionPort;
  readonly #generation: StoreGeneration;
  readonly #session: MailboxSession;
  readonly #inbox: Inbox;
  readonly #acks: Acknowledgements;
  readonly #announcer: Announcer;
  readonly #pruning: Pruning;
  readonly #status: ClientStatus;

  /** @throws {InvalidInput} @throws {StorageError} */
  constructor(options: ClientOptions, tell: Tell) {
    const { storage, clock = systemClock, random = Math.random } = options;
    this.#options = options;
    this.#storage = storage;
    this.#clock = clock;
    this.#random = random;
    this.#tell = tell;
    this.#status = new ClientStatus(tell);
    this.#account = requireAccount(storage, options.account);
    this.#deviceKey = openDeviceKey(storage);
    this.commits = new GroupCommit(storage);
    this.#generation = new StoreGeneration(storage, this.commits);
    this.sent = new SentRecords(storage, clock);
    this.presenter = new Presenter(storage);
    this.backlog = new Backlog(options.maxBacklog ?? Infinity, storage, clock);
    this.#connection = this.#openConnection();
    this.service = new MailboxService(
      this.#connection,
      this.#account.numberDomain,
      clock,
      options.wantsFrames,
    );
    this.encryption = this.#createEncryption();
    this.#session = this.#createSession();
    this.#acks = this.#createAcknowledgements();
    this.#inbox = new Inbox({
      clock,
      sent: this.sent,
      omemo: () => this.encryption.get(),
      ownNumber: () => this.encryption.requireNumber(),
    });
    ({ outbox: this.outbox, handles: this.handles } = this.#createSending());
    this.#announcer = new Announcer({
      clock,
      random,
      omemo: () => this.encryption.get(),
      onDone: () => this.#status.ready(),
      onError: (error) => this.#tell("error", error),
    });
    this.#pruning = new Pruning(
      clock,
      this.commits,
      (transaction) => [this.#inbox.prune(transaction), this.sent.prune(transaction)].some(Boolean),
      (error) => this.#tell("error", error),
    );
    this.#receive();
    this.outbox.load();
  }

  /** The id of this device. */
  get device(): DeviceId {
    return this.#deviceKey.device;
  }

  /** What it is doing. */
  get state(): ClientState {
    return this.#status.state;
  }

  /** The number JID of a number. */
  jidOf(number: string): Jid {
    return Jid.parse(`${number}@${this.#account.numberDomain}`);
  }

  /** Connects; resolves when the mailbox is open and the device announced. @throws {LinkError} @throws {StanzaError} */
  async start(): Promise<void> {
    const ready = this.#status.begin();
    this.#pruning.start();
    this.#connection.start().catch((error: unknown) => this.#fatal(error as TwotickError));
    await ready;
  }

  /** Ends, after what is on the way, for at most `withinMs`. */
  async stop(withinMs: number): Promise<void> {
    this.#status.stopping();
    this.#pruning.stop();
    this.#announcer.stop();
    this.presenter.close();
    this.backlog.close();
    await Promise.race([
      this.outbox.stop(),
      new Promise<void>((resolve) => void this.#clock.after(withinMs, resolve)),
    ]);
    this.commits.flush();
    // What was just committed is told before the acknowledgement goes
    await Promise.resolve();
    if (this.#acks.isDue) this.#acks.say();
    this.#acks.stop();
    this.#session.stop();
    this.encryption.close();
    await this.#connection.stop();
    this.commits.flush();
    this.handles.close();
    this.#status.stopped();
  }

  #openConnection(): ConnectionPort {
    const opened = openConnection(this.#options, this.#account, this.#clock, this.#random);
    opened.on("online", ({ isResumed }) => {
      if (!isResumed) this.#loggedIn();
      this.#session.online(isResumed);
      this.#status.set(this.#session.isAttached ? "attached" : "attaching");
    });
    opened.on("offline", ({ isResumable, reason }) => {
      this.#session.offline(isResumable);
      // Whoever stops it does not lose the connection
      if (!this.#status.isStopping) this.#status.set("connecting", reason);
    });
    opened.on("error", (error) => this.#tell("error", error));
    opened.on("fatal", (error) => this.#fatal(error));
    return opened;
  }

  #createEncryption(): Encryption {
    const { number } = this.#account;
    return new Encryption(
      encryptionOptions(this.#options, this.#account, {
        clock: this.#clock,
        device: this.device,
        request: (iq) => this.service.ask(iq),
        add: (record) => this.outbox.add(record),
      }),
      number === undefined ? undefined : this.jidOf(number),
      this.#tell,
      this.#options.openOmemo,
    );
  }

  #receive(): void {
    const reception = new Reception({
      service: this.service,
      session: this.#session,
      commits: this.commits,
      inbox: this.#inbox,
      acks: this.#acks,
      handles: this.handles,
      presenter: this.presenter,
      backlog: this.backlog,
      omemo: () => this.encryption.number && this.encryption.get(),
      tell: this.#tell,
    });
    this.#connection.on("stanza", (stanza) => reception.take(stanza));
  }

  #createSession(): MailboxSession {
    const tokens = new TokenKeeper(this.#storage, this.commits);
    return new MailboxSession(
      {
        service: this.service,
        deviceKey: this.#deviceKey,
        clock: this.#clock,
        random: this.#random,
        last: () => this.#acks.last,
        generation: () => this.#generation.claim(this.#acks.cursor),
        keepGeneration: (token) => this.#generation.keep(token),
        token: () => tokens.token,
        keepToken: (token) => tokens.keep(token),
      },
      {
        answered: (number) => this.#answered(number),
        attached: () => this.#opened(),
        resumed: () => this.#opened(),
        detached: (reason) => this.#closed(new LinkError("detached", reason)),
        refused: (error) => this.#fatal(error),
        error: (error) => this.#tell("error", error),
      },
    );
  }

  #createAcknowledgements(): Acknowledgements {
    return Acknowledgements.open(this.#storage, {
      clock: this.#clock,
      commits: this.commits,
      isAttached: () => this.#session.isAttached,
      send: (ack) => this.service.acknowledge(ack),
      submit: async (submit) => void (await this.service.submit(submit)),
    });
  }

  #createSending(): Sending {
    const ports = {
      storage: this.#storage,
      commits: this.commits,
      sent: this.sent,
      clock: this.#clock,
      random: this.#random,
      generation: this.#generation,
      omemo: () => this.encryption.get(),
      attachedMs: () => this.#session.attachedMs,
      submit: (messages: Parameters<MailboxService["submitMessages"]>[0]) =>
        this.service.submitMessages(messages, this.#acks, this.#generation.sent),
      reattach: (reason: string) => this.#session.reattach(reason),
      status: (id: MessageId) => this.service.status(id),
    };
    return new Sending(ports, this.#tell);
  }

  #loggedIn(): void {
    this.#announcer.due();
    // Lost with the connection: then the next login says it again
    this.#connection.send(presenceWithCaps()).catch(() => {});
  }

  #answered(number: string): void {
    const jid = Jid.parse(number);
    if (this.encryption.number?.bare !== jid.bare) this.#learn(jid);
    this.#inbox.opened();
  }

  #opened(): void {
    this.presenter.begin();
    this.#status.set("attached");
    this.#acks.say();
    if (this.#status.isStopping) return;
    this.outbox.resume();
    this.#announcer.begin();
  }

  #closed(reason: LinkError): void {
    this.outbox.pause();
    this.#announcer.stop();
    if (this.#connection.state === "online") this.#status.set("attaching", reason);
  }

  #learn(number: Jid): void {
    this.encryption.number = number;
    const account = { ...this.#account, number: number.local };
    this.commits
      .run((transaction) => writeAccount(transaction, account))
      .catch((error: unknown) => this.#tell("error", error));
  }

  #fatal(error: TwotickError): void {
    this.outbox.pause();
    this.#status.refuse(error);
  }
}
