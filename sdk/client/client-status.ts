import { LinkError, type TwotickError } from "../../src/errors.js";
import type { ClientState, Tell } from "./events.js";

/** What a client is doing, as it tells it, and whoever waits for it to be ready. */
export class ClientStatus {
  readonly #tell: Tell;
  #state: ClientState = "stopped";
  #isStopping = false;
  #settle: ((failure?: TwotickError) => void) | undefined;

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** What it is doing. */
  get state(): ClientState {
    return this.#state;
  }

  /** Begins. Resolves when it is `ready` for the first time, or rejects with why it never will be. @throws {LinkError} `stopped` */
  begin(): Promise<void> {
    if (this.#isStopping) throw stopped();
    const ready = new Promise<void>((resolve, reject) => {
      this.#settle = (failure) => (failure ? reject(failure) : resolve());
    });
    this.set("connecting");
    return ready;
  }

  /** It is doing something else; `refused` is left for `stopped` alone. */
  set(state: ClientState, reason?: TwotickError): void {
    if (this.#state === state || (this.#state === "refused" && state !== "stopped")) return;
    this.#state = state;
    this.#tell("state", state);
    this.#tell("connection", { state, reason });
  }

  /** Messages come and go. */
  ready(): void {
    this.#settle?.();
  }

  /** It is refused for good. */
  refuse(error: TwotickError): void {
    if (this.#isStopping || this.#state === "refused") return;
    this.set("refused", error);
    this.#tell("fatal", error);
    this.#settle?.(error);
  }

  /** Whether it is being stopped, or was. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** It is being stopped: from now on nothing is fatal. */
  stopping(): void {
    this.#isStopping = true;
  }

  /** It has stopped. */
  stopped(): void {
    this.set("stopped");
    this.#settle?.(stopped());
  }
}

function stopped(): LinkError {
  return new LinkError("stopped", "the client was stopped");
}
