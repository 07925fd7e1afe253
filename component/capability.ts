import type { FastifyInstance } from "fastify";
import type { Clock } from "../src/clock.js";
import type { Jid } from "../src/jid.js";
import type { Element } from "../src/xml.js";
import type { Availability } from "./availability/availability.js";
import type { Config } from "./config.js";
import type { Description } from "./disco/description.js";
import type { RequestOptions } from "./link/requests.js";
import type { Log } from "./log.js";
import type { CommandText } from "./languages/command-texts.js";
import type { Exchange } from "./mailbox/exchange.js";
import type { Metrics } from "./metrics.js";
import type { Numbers } from "./numbers.js";
import type { Store } from "./store/store.js";
import type { Vault } from "./store/vault.js";

/** Whom a stanza is addressed to: the component's own domain, or a person's number at it. */
export type Addressee = "component" | "number";

/** An IQ request, its addresses read and its one payload found. */
export interface IqRequest {
  /** The full (rarely bare) JID that the server stamped: what it says is true. */
  readonly from: Jid;
  readonly to: Jid;
  readonly id: string;
  readonly payload: Element;
}

/** A message or presence with its addresses read. */
export interface Stanza {
  readonly from: Jid;
  readonly to: Jid;
  readonly type: string | undefined;
  readonly element: Element;
}

/** What an entity is. Source: XEP-0030 §3.1 */
export interface Identity {
  readonly category: string;
  readonly type: string;
  /** For people. */
  readonly name: string;
}

/** Which IQ requests a capability answers. Source: RFC 6120 §8.2.3. */
export interface IqRoute {
  readonly type: "get" | "set";
  /** Local name and namespace of the payload. */
  readonly element: string;
  readonly namespace: string;
  readonly addressee: Addressee;
  /** Answers the result's payload (an element, or its ready XML); what it throws becomes the error. */
  handle(request: IqRequest): Promise<Element | string | undefined>;
}

/** Which messages a capability takes: those with this child. */
export interface MessageRoute {
  readonly element: string;
  readonly namespace: string;
  readonly addressee: Addressee;
  handle(message: Stanza): Promise<void> | void;
}

/** What is said to people: as it stands in English, with what is filled in for `{…}`. */
export type Sentence =
  string | { readonly text: CommandText; readonly values: Readonly<Record<string, string>> };

/** A command that a person may run; its texts are English, and those of `languages/command-texts.ts` are translated. Source: XEP-0050. */
export interface AdHocCommand {
  readonly node: string;
  /** For people, in lists of commands. */
  readonly name: string;
  /** Who may run it, and sees it in lists of commands; everyone when left out. */
  mayRun?(from: Jid): boolean;
  /** Starts one execution for the person asking. */
  start(from: Jid): Promise<CommandStage>;
}

/** Where an execution of a command stands: a form to fill in, or the end. */
export type CommandStage =
  | {
      readonly status: "executing";
      /** Whether submitting this form ends the command, so that a client can say "finish". */
      readonly isLast?: boolean;
      /** XEP-0004 form. */
      readonly form: Element;
      /**
       * Takes the submitted form (`<x type='submit'/>`).
       *
       * @param isFinal whether the app asked to complete: one that knows single forms only shows no further one
       * @throws {StanzaError} {InvalidInput} to keep the stage and say why
       */
      next(submitted: Element, isFinal?: boolean): Promise<CommandStage>;
    }
  | { readonly status: "completed"; readonly note?: Sentence; readonly form?: Element };

/** Work that returns on a schedule. */
export interface Job {
  readonly name: string;
  readonly everyMs: number;
  run(): Promise<void>;
}

/** One thing that the component can do. A capability is a folder; `app.ts` names it once. */
export interface Capability {
  /** What disco#info says of the component, or of every number. Source: XEP-0030 §3. */
  readonly features?: Partial<Record<Addressee, readonly string[]>>;
  /** What the component itself also is. Source: XEP-0030 §3.1 */
  readonly identities?: readonly Identity[];
  /** What one number, or one app behind it, can do, for this asker; `undefined` leaves it at what holds for every number. */
  describeNumber?(request: IqRequest): Promise<readonly Element[] | undefined>;
  readonly iqs?: readonly IqRoute[];
  readonly messages?: readonly MessageRoute[];
  /**
   * Takes a message to a number that no route takes, or (`undefined`) leaves it to the capabilities behind.
   *
   * What it throws, or its promise rejects with, is told the sender.
   */
  numberMessage?(message: Stanza): Promise<void> | undefined;
  /** Sees every message to a number that came back as an error. Source: RFC 6120 §8.3 */
  onNumberError?(message: Stanza): void;
  /** Sees every presence that reaches the component. */
  onPresence?(presence: Stanza): void;
  readonly commands?: readonly AdHocCommand[];
  /** Adds its routes to the HTTP API. */
  http?(server: FastifyInstance): void;
  readonly jobs?: readonly Job[];
  /** Recalls what it has to know before the first stanza comes. */
  start?(): Promise<void>;
  /** The link to the server is up (again). */
  onOnline?(): void;
  /** Finishes what was begun; nothing new comes in any more. */
  stop?(): Promise<void>;
}

/** How stanzas leave the component. */
export interface Sender {
  readonly isOnline: boolean;
  /** Ready XML of one or more stanzas, or one element; every one with `from` and `to`. @throws {LinkError} when the link is down */
  send(stanza: string | Element): void;
  /** Asks and waits for the answer to this very question. @throws {StanzaError} {LinkError} */
  request(iq: Element, options?: RequestOptions): Promise<Element>;
}

/** A {@link Sender} that can be waited for. */
export interface PacedSender extends Sender {
  /** Settles once the server has taken enough of what was sent. @throws {LinkError} when the link is down or goes down */
  drained(): Promise<void>;
}

/** What `app.ts` gives every capability. */
export interface Context {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  /** Shows the codes of the provider `console`; on standard output unless given. */
  readonly showCode?: ((line: string) => void) | undefined;
  readonly metrics: Metrics;
  readonly store: Store;
  readonly vault: Vault;
  readonly numbers: Numbers;
  readonly link: PacedSender;
  /** Who is online, and with what. */
  readonly availability: Availability;
  /** What disco and entity caps say of the component and of numbers. */
  readonly description: Description;
  /** Hands entries from those who commit them to those who bring them. */
  readonly exchange: Exchange;
  /** The other capabilities may have to know that devices are gone: re-registration, unlinking. */
  readonly events: AppEvents;
}

/** What capabilities tell each other. */
export interface AppEvents {
  /** The number of this account (bare JID) went to somebody else or was given up. */
  accountGone(jid: string): void;
  onAccountGone(listener: (jid: string) => void): void;
  /** Devices of this account (bare JID) are not bound to it any more; others may still be. */
  devicesGone(jid: string): void;
  onDevicesGone(listener: (jid: string) => void): void;
  /** Entries were put into these mailboxes (rows of devices) by somebody else than the mailbox itself. */
  entriesAdded(devices: readonly number[]): void;
  onEntriesAdded(listener: (devices: readonly number[]) => void): void;
  /** A number belongs to this account (bare JID) now, by sign-up or by linking. */
  numberLinked(jid: string): void;
  onNumberLinked(listener: (jid: string) => void): void;
  /** This account (bare JID) looked numbers up for its phone book. */
  phoneBookRead(jid: string): void;
  onPhoneBookRead(listener: (jid: string) => void): void;
  /** Whoever wrote this (full JID) was refused because no number belongs to the account. */
  numberMissing(jid: string): void;
  onNumberMissing(listener: (jid: string) => void): void;
  /** A person blocked another one's number. */
  numberBlocked(block: Block): void;
  onNumberBlocked(listener: (block: Block) => void): void;
  /** What others may see of a person is decided anew: for one account (bare JID), or for all. */
  sightChanged(of: Addresses, by?: string): void;
  onSightChanged(listener: (of: Addresses, by?: string) => void): void;
}

/** Bare JIDs of a person's account and number. */
export interface Addresses {
  readonly jid: string;
  readonly numberJid: string;
}

/** Who blocked whom. */
export interface Block {
  readonly by: Addresses;
  readonly blocked: Addresses;
}

/** What a capability's `mod.ts` exports. */
export interface CapabilityModule {
  readonly name: string;
  /** Its `store` module for the store thread, if it keeps anything. */
  readonly store?: URL;
  create(context: Context): Capability;
}
