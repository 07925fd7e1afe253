import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Bundle } from "../../sdk/ratchet/mod.js";
import { PeerRefused } from "./party.js";
import type { Party, Refusals, WireMessage } from "./party.js";

/** How much of what a program wrote on standard error is worth telling, in characters. */
const MOST_COMPLAINT = 2000;

/** The program of a peer while it runs: a line in, a line out. */
class LineProcess {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #closed: Promise<void>;
  #complaint = "";

  constructor(program: string, args: readonly string[]) {
    this.#process = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    this.#process.stderr
      .setEncoding("utf8")
      .on("data", (words: string) => (this.#complaint = `${this.#complaint}${words}`.slice(-MOST_COMPLAINT)));
    this.#closed = new Promise((resolve) => this.#process.once("close", () => resolve()));
    // A program that cannot be started or has ended is told by the next question
    this.#process.on("error", (error) => (this.#complaint = error.message));
    this.#process.stdin.on("error", () => undefined);
  }

  async ask(words: readonly (string | number)[]): Promise<string[]> {
    this.#process.stdin.write(`${words.join(" ")}\n`);
    const line = await this.#lines.next();
    if (line.done) {
      await this.#closed;
      throw new Error(`the peer's program has ended: ${this.#complaint}`);
    }
    const answer = line.value.split(" ");
    if (answer[0] === "error") throw new PeerRefused(answer[1] ?? "");
    return answer;
  }

  async stop(): Promise<void> {
    if (this.#process.pid === undefined) return;
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    // At once, as a crash would: what is not saved is lost
    this.#process.kill("SIGKILL");
    await ended;
  }
}

/** A device over somebody else's library in a process of its own, with keys of its own and one session. */
export class LinePeer implements Party {
  readonly refusals: Refusals;
  readonly #start: () => LineProcess;
  #process: LineProcess;

  /** Starts a program that speaks the lines that `libomemo-c/peer.c` describes. */
  constructor(program: string, args: readonly string[], refusals: Refusals) {
    this.refusals = refusals;
    this.#start = () => new LineProcess(program, args);
    this.#process = this.#start();
  }

  async bundle(preKeyId?: number): Promise<Bundle> {
    const [, identityKey, id, publicKey, signature, oneTimeId, oneTime] = await this.ask(
      "bundle",
      preKeyId ?? 0,
    );
    return {
      identityKey: fromHex(identityKey),
      signedPreKey: { id: Number(id), publicKey: fromHex(publicKey), signature: fromHex(signature) },
      preKey: oneTime === "-" ? undefined : { id: Number(oneTimeId), publicKey: fromHex(oneTime) },
    };
  }

  /** @throws PeerRefused */
  async initiate({ identityKey, signedPreKey, preKey }: Bundle): Promise<void> {
    const signed = [signedPreKey.id, toHex(signedPreKey.publicKey), toHex(signedPreKey.signature)] as const;
    await this.ask(
      "initiate",
      toHex(identityKey),
      ...signed,
      preKey?.id ?? 0,
      preKey ? toHex(preKey.publicKey) : "-",
    );
  }

  /** @throws PeerRefused */
  async encrypt(plaintext: Uint8Array): Promise<WireMessage> {
    const [kind, hex] = await this.ask("encrypt", toHex(plaintext));
    return { isPreKeyMessage: kind === "prekey", message: fromHex(hex) };
  }

  /** @throws PeerRefused */
  async decrypt({ isPreKeyMessage, message }: WireMessage): Promise<Buffer> {
    const [, hex] = await this.ask("decrypt", isPreKeyMessage ? "prekey" : "message", toHex(message));
    return fromHex(hex);
  }

  /** Becomes another device, with new keys and without a session. */
  async renew(): Promise<void> {
    await this.ask("fresh");
  }

  async save(): Promise<string> {
    const [, state = ""] = await this.ask("save");
    return state;
  }

  async load(saved: string): Promise<void> {
    await this.ask("load", saved);
  }

  /** Goes on in a new process. */
  async restart(): Promise<void> {
    const saved = await this.save();
    const next = this.#start();
    await this.stop();
    this.#process = next;
    await this.load(saved);
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }

  /** Sends one command and waits for the words of its answer. @throws PeerRefused */
  protected async ask(...words: (string | number)[]): Promise<string[]> {
    return this.#process.ask(words);
  }
}

function toHex(bytes: Uint8Array): string {
  return bytes.length === 0 ? "-" : Buffer.from(bytes).toString("hex");
}

function fromHex(hex: string | undefined): Buffer {
  return Buffer.from(hex === undefined || hex === "-" ? "" : hex, "hex");
}
