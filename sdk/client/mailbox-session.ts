import type { Clock } from "../../src/clock.js";
import { LinkError, StanzaError, StorageError, type TwotickError } from "../../src/errors.js";
import type { Jid } from "../../src/jid.js";
import {
  attachStatement,
  readAttached,
  writeAttach,
  type AttachProof,
  type Detached,
} from "../../src/mailbox-attach.js";
import { NS } from "../../src/namespaces.js";
import { requireAttribute, xml } from "../../src/xml.js";
import { retryDelayMs } from "../connection/retry.js";
import type { Seq } from "../../src/ids.js";
import type { GenerationClaim } from "../../src/store-generation.js";
import type { DeviceKey } from "./account.js";
import type { MailboxService } from "./mailbox-service.js";

/** The longest wait between two attempts to open the mailbox is short: nobody else will say that it is back. */
const RETRY = { minMs: 500, maxMs: 15_000 };
/** A mailbox that stayed open for so long was well open: the next attempt comes at once. */
const STEADY_MS = 60_000;

/** What a mailbox session works with. */
export interface MailboxSessionPorts {
  readonly service: MailboxService;
  readonly deviceKey: DeviceKey;
  readonly clock: Clock;
  readonly random: () => number;
  /** The last entry that is durable here and need not come again. */
  readonly last: () => Seq;
  /** What to say of the store, and what makes durable what the service answers to it. */
  readonly generation: () => GenerationClaim;
  readonly keepGeneration: (generation: string) => Promise<void>;
  readonly token: () => string | undefined;
  /** Keeps, or forgets, the token for the next attach. */
  readonly keepToken: (token: string | undefined) => void;
}

/** What a mailbox session tells. */
export interface MailboxSessionListener {
  /** The service has opened it: entries come from now on. @param number the own number JID */
  answered(number: string): void;
  /** It is open, anew. */
  attached(): void;
  /** It is open again as it was: the session of the connection was resumed. */
  resumed(): void;
  detached(reason: string): void;
  /** It can never be opened. */
  refused(error: TwotickError): void;
  error(error: unknown): void;
}

/**
 * Keeps the mailbox open while the connection is: attaches after each login, with the token of last time or a
 * proof, and again when the service says or shows that it has forgotten us. Source: docs/protocol.md
 */
export class MailboxSession {
  readonly #ports: MailboxSessionPorts;
  readonly #listener: MailboxSessionListener;
  #state: "idle" | "attaching" | "attached" | "suspended" | "refused" = "idle";
  /** Rises with every login and detach: what an earlier attempt finds out is void. */
  #attempt = 0;
  #failures = 0;
  /** The service has opened it: what arrives from then on belongs to it. */
  #isAnswered = false;
  /** While it is being opened something showed that it has to be opened once more. */
  #isStale = false;
  #attachedAtMs = 0;
  #attachedTotalMs = 0;
  #cancelRetry: () => void = () => {};

  constructor(ports: MailboxSessionPorts, listener: MailboxSessionListener) {
    this.#ports = ports;
    this.#listener = listener;
  }

  /** Whether messages can be submitted. */
  get isAttached(): boolean {
    return this.#state === "attached";
  }

  /** Whether it is being opened: what arrives may still belong to an earlier session. */
  get isAttaching(): boolean {
    return this.#state === "attaching" && !this.#isAnswered;
  }

  /** For how long the mailbox has been open in all, in milliseconds: the time in which sends must come to an end. */
  get attachedMs(): number {
    const now = this.isAttached ? this.#ports.clock.monotonicMs() - this.#attachedAtMs : 0;
    return this.#attachedTotalMs + now;
  }

  /** The connection is online: opens the mailbox, unless it is still open in the session that was resumed. */
  online(isResumed: boolean): void {
    if (this.#state === "refused") return;
    if (isResumed && this.#state === "suspended") {
      this.#opened();
      this.#listener.resumed();
      return;
    }
    this.#failures = 0;
    this.#begin();
  }

  /** The connection is gone; the mailbox stays open when the session may be resumed. */
  offline(isResumable: boolean): void {
    this.#cancelRetry();
    this.#attempt++;
    if (!isResumable) this.#ports.service.framing.close();
    if (this.#state === "refused") return;
    const isSuspended = isResumable && this.isAttached;
    this.#leave("the connection is gone");
    if (isSuspended) this.#state = "suspended";
  }

  /** Opens the mailbox again: the service said, or an answer showed, that it is not open. */
  reattach(reason: string): void {
    if (this.#state === "suspended") this.#state = "idle";
    if (this.#state === "attaching") this.#isStale = true;
    if (this.#state !== "attached") return;
    const wasSteady = this.#ports.clock.monotonicMs() - this.#attachedAtMs >= STEADY_MS;
    this.#leave(reason);
    // Two programs with the same device would otherwise throw each other out without a pause
    if (wasSteady) this.#failures = 0;
    if (this.#failures++ === 0) this.#begin();
    else this.#retryLater();
  }

  /** The service says that the mailbox is not open: it is there, so an attempt that waits need not wait. */
  closed({ reason, isRestart }: Detached): void {
    // However often the service is restarted, no other program has opened the mailbox
    if (isRestart) this.#failures = 0;
    if (this.#state === "attaching") this.#begin();
    else this.reattach(reason);
  }

  /** Ends; nothing is told any more. */
  stop(): void {
    this.#cancelRetry();
    this.#attempt++;
    this.#state = "idle";
    this.#ports.service.framing.close();
  }

  #begin(): void {
    this.#cancelRetry();
    this.#ports.service.framing.close();
    this.#state = "attaching";
    this.#isStale = false;
    this.#isAnswered = false;
    const attempt = ++this.#attempt;
    this.#attach(attempt).catch((error: unknown) => this.#failed(attempt, error));
  }

  async #attach(attempt: number): Promise<void> {
    const { service, deviceKey, last, generation, keepToken } = this.#ports;
    const { ownJid } = service;
    if (!ownJid) throw new LinkError("not-connected", "the connection is not online");
    const proof = await this.#prove(ownJid);
    if (attempt !== this.#attempt) return;
    const claim = { device: deviceKey.device, last: last(), generation: generation() };
    const attach = writeAttach({ ...claim, proof, ...service.framing.asked });
    const answered = (): void => {
      if (attempt === this.#attempt) this.#isAnswered = true;
    };
    const attached = readAttached(await service.request("set", attach, "attached", answered));
    if (attempt !== this.#attempt) return;
    service.framing.agreed(attached.frame);
    keepToken(attached.token);
    // Not after the commit: entries that came with the answer are taken in the next turn
    this.#listener.answered(attached.number);
    if (attached.generation !== undefined) {
      await this.#moveOn(attached.generation);
      if (attempt !== this.#attempt) return;
    }
    // Without it the service would not hear that this device has gone
    service.greet().catch((error: unknown) => this.#notGreeted(attempt, error));
    this.#opened();
    this.#listener.attached();
    if (this.#isStale) this.reattach("entries were lost on the way");
  }

  /** Nothing is encrypted before the next generation is durable, and nothing is submitted before the service knows that it is. */
  async #moveOn(generation: string): Promise<void> {
    await this.#ports.keepGeneration(generation);
    this.#ports.service.confirmGeneration(generation);
  }

  #notGreeted(attempt: number, error: unknown): void {
    if (attempt !== this.#attempt) return;
    this.#listener.error(error);
    this.reattach("the service could not be greeted");
  }

  #opened(): void {
    this.#state = "attached";
    this.#attachedAtMs = this.#ports.clock.monotonicMs();
  }

  async #prove(jid: Jid): Promise<AttachProof> {
    const { token, deviceKey, service } = this.#ports;
    const known = token();
    if (known !== undefined) return { token: known };
    const challenge = await service.request("get", xml("challenge", { xmlns: NS.mailbox }), "challenge");
    const nonce = requireAttribute(challenge, "nonce");
    const statement = attachStatement(service.domain, jid.toString(), deviceKey.device, nonce);
    return { nonce, publicKey: deviceKey.publicKey, signature: deviceKey.sign(statement) };
  }

  #failed(attempt: number, error: unknown): void {
    if (attempt !== this.#attempt) return;
    if (error instanceof StanzaError && error.applicationCondition === "store-outdated") {
      this.#state = "refused";
      this.#listener.refused(storeOutdated(error));
      return;
    }
    const isDenied = error instanceof StanzaError && error.type === "auth";
    if (isDenied && this.#ports.token() !== undefined) {
      this.#ports.keepToken(undefined);
      this.#begin();
      return;
    }
    // A nonce can be too old; that a device is not bound, or the account foreign, does not pass
    if (isDenied && error.applicationCondition !== "bad-proof") {
      this.#state = "refused";
      this.#listener.refused(error);
      return;
    }
    this.#listener.error(error);
    this.#failures++;
    this.#retryLater();
  }

  #retryLater(): void {
    const { clock, random } = this.#ports;
    this.#state = "attaching";
    this.#isAnswered = false;
    const delayMs = retryDelayMs(this.#failures - 1, RETRY, random());
    this.#cancelRetry = clock.after(delayMs, () => this.#begin());
  }

  #leave(reason: string): void {
    const wasAttached = this.isAttached;
    this.#attachedTotalMs = this.attachedMs;
    this.#state = "idle";
    this.#attempt++;
    if (wasAttached) this.#listener.detached(reason);
  }
}

function storeOutdated(cause: StanzaError): StorageError {
  return new StorageError(
    "store-outdated",
    "this store is an older state of the device, or a copy of it that another program went on with: " +
      "stop one of the two, or make this store a new device (renewDevice)",
    cause,
  );
}
