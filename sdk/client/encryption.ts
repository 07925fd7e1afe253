import type { Clock } from "../../src/clock.js";
import { LinkError } from "../../src/errors.js";
import type { DeviceId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import type { Element } from "../../src/xml.js";
import { openOmemo, type Omemo, type OmemoEvent, type OmemoOptions } from "../omemo/mod.js";
import type { Account } from "./account.js";
import { type ControlPorts, enqueueControl } from "./control-messages.js";
import type { Tell } from "./events.js";
import type { ClientOptions } from "./options.js";

/** What the encryption of a client works with. */
export interface EncryptionPorts extends Pick<ControlPorts, "add"> {
  readonly clock: Clock;
  readonly device: DeviceId;
  readonly request: (iq: Element) => Promise<Element>;
}

/** The options of the encryption of a client: what it wants sent goes into the outbox. */
export function encryptionOptions(
  { storage, trustPolicy }: Pick<ClientOptions, "storage" | "trustPolicy">,
  { username, domain }: Account,
  { clock, device, request, add }: EncryptionPorts,
): Omit<OmemoOptions, "number" | "onEvent"> {
  return {
    storage,
    connection: { request },
    account: Jid.parse(`${username}@${domain}`),
    device,
    clock,
    trustPolicy,
    enqueue: (transaction, control) => enqueueControl({ storage, clock, add }, transaction, control),
  };
}

/** The encryption of a device: opened when it is first needed, as the own number must be known for it. */
export class Encryption {
  /** The own number JID; missing until it is known. */
  number: Jid | undefined;
  readonly #options: Omit<OmemoOptions, "number" | "onEvent">;
  readonly #open: (options: OmemoOptions) => Omemo;
  readonly #tell: Tell;
  #omemo: Omemo | undefined;

  /** @param open what makes it; the real one unless given */
  constructor(
    options: Omit<OmemoOptions, "number" | "onEvent">,
    number: Jid | undefined,
    tell: Tell,
    open: (options: OmemoOptions) => Omemo = openOmemo,
  ) {
    this.#options = options;
    this.number = number;
    this.#tell = tell;
    this.#open = open;
  }

  /** The own number JID. @throws {LinkError} `not-attached` until it is known */
  requireNumber(): Jid {
    if (!this.number) throw new LinkError("not-attached", "the own number is not known yet");
    return this.number;
  }

  /** The encryption itself. @throws {LinkError} `not-attached` until the own number is known; @throws {OmemoError} */
  get(): Omemo {
    const number = this.requireNumber();
    this.#omemo ??= this.#open({ ...this.#options, number, onEvent: (event) => this.#told(event) });
    return this.#omemo;
  }

  /** Ends what runs in the background. */
  close(): void {
    this.#omemo?.close();
  }

  #told(event: OmemoEvent): void {
    if (event.kind === "publish-failed" || event.kind === "storage-failed") this.#tell("error", event.error);
    else if (event.kind === "identity-changed") this.#tell("identity-changed", event);
    else if (event.kind === "device-added") this.#tell("device-added", event);
    else if (event.kind === "trust-changed") this.#tell("trust-changed", event);
    else this.#tell("device-skipped", event);
  }
}
