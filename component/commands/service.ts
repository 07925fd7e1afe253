import type { Clock, EpochMs } from "../../src/clock.js";
import { newId } from "../../src/ids.js";
import type { Jid } from "../../src/jid.js";
import type { CommandStage } from "../capability.js";

/** A stage at which an execution waits for a form. */
export type OpenStage = Extract<CommandStage, { status: "executing" }>;

/** One execution of a command that waits for its next form. */
export interface CommandSession {
  readonly id: string;
  readonly node: string;
  /** The full JID that started it; nobody else may go on with it. */
  readonly owner: string;
  /** The stages gone through, the present one last; empty once the session is over. */
  stages: OpenStage[];
  expiresAt: EpochMs;
  /** Whether a form is being worked on right now. */
  isBusy: boolean;
}

/** What came of looking for a session. */
export type Lookup =
  { readonly session: CommandSession } | { readonly refusal: "bad-sessionid" | "session-expired" };

/** How long an execution waits for its next form. */
export const SESSION_TTL_MS = 15 * 60_000;
const MAX_SESSIONS = 10_000;
const MAX_SESSIONS_OF_ACCOUNT = 10;

/**
 * The executions that wait for a form: unguessable, bound to a full JID, bounded in number and time.
 *
 * An account with too many loses its oldest; it harms only itself. Source: XEP-0050 §3.3.
 */
export class CommandSessions {
  readonly #clock: Clock;
  readonly #sessions = new Map<string, CommandSession>();
  readonly #byAccount = new Map<string, CommandSession[]>();

  /** @param clock what sessions expire by */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Starts to wait at a first stage; `undefined` when there is no room for one more. */
  open(owner: Jid, node: string, stage: OpenStage): CommandSession | undefined {
    if (this.#sessions.size >= MAX_SESSIONS) this.#forgetEnded();
    if (this.#sessions.size >= MAX_SESSIONS) return undefined;
    this.#makeRoom(owner.bare);
    const session: CommandSession = {
      id: newId(),
      node,
      owner: owner.toString(),
      stages: [stage],
      expiresAt: this.#clock.now() + SESSION_TTL_MS,
      isBusy: false,
    };
    this.#sessions.set(session.id, session);
    this.#byAccount.set(owner.bare, [...(this.#byAccount.get(owner.bare) ?? []), session]);
    return session;
  }

  /** Finds the session that this full JID has with this command. */
  find(id: string, owner: Jid, node: string): Lookup {
    const session = this.#sessions.get(id);
    if (!session || session.owner !== owner.toString() || session.node !== node)
      return { refusal: "bad-sessionid" };
    if (session.expiresAt > this.#clock.now()) return { session };
    this.end(session);
    return { refusal: "session-expired" };
  }

  /** Goes on to a further stage, and waits anew. */
  advance(session: CommandSession, stage: OpenStage): void {
    session.stages.push(stage);
    session.expiresAt = this.#clock.now() + SESSION_TTL_MS;
  }

  /** Ends a session: what it held is gone, its id stays a while to tell "over" from "never was". */
  end(session: CommandSession): void {
    session.stages = [];
    session.expiresAt = 0;
  }

  /** How many executions are remembered. */
  get size(): number {
    return this.#sessions.size;
  }

  #makeRoom(account: string): void {
    const own = this.#byAccount.get(account) ?? [];
    if (own.length < MAX_SESSIONS_OF_ACCOUNT) return;
    const oldest = own.find((session) => this.#isOver(session)) ?? own[0];
    if (oldest) this.#forget(oldest, account);
  }

  #forgetEnded(): void {
    for (const [account, sessions] of this.#byAccount)
      for (const session of sessions) if (this.#isOver(session)) this.#forget(session, account);
  }

  #forget(session: CommandSession, account: string): void {
    this.#sessions.delete(session.id);
    const rest = (this.#byAccount.get(account) ?? []).filter((other) => other !== session);
    if (rest.length > 0) this.#byAccount.set(account, rest);
    else this.#byAccount.delete(account);
  }

  #isOver(session: CommandSession): boolean {
    return session.expiresAt <= this.#clock.now();
  }
}
