import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Bundle } from "../../sdk/ratchet/mod.js";
import type { WireMessage } from "../sdk/ratchet/device.js";

/** The peer refused; `code` is what its library calls that, for example `-1004` or `DecryptionFailed`. */
export class PeerRefused extends Error {
  readonly code: string;

  /** @param code the error code of the peer's library */
  constructor(code: string) {
    super(`the peer refused: ${code}`);
    this.code = code;
  }
}

/** A device over somebody else's library in a process of its own, with keys of its own and one session. */
export class LinePeer {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  /** Starts a program that speaks the lines that `libomemo-c/peer.c` describes. */
  constructor(program: string, args: readonly string[]) {
    this.#process = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** Its bundle, with this one-time prekey (1 to 4 at least) or none. */
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

  /** Lets it begin a session. @throws PeerRefused */
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

  /** Lets it encrypt. @throws PeerRefused */
  async encrypt(plaintext: Uint8Array): Promise<WireMessage> {
    const [kind, hex] = await this.ask("encrypt", toHex(plaintext));
    return { isPreKeyMessage: kind === "prekey", message: fromHex(hex) };
  }

  /** Lets it decrypt. @throws PeerRefused */
  async decrypt({ isPreKeyMessage, message }: WireMessage): Promise<Buffer> {
    const [, hex] = await this.ask("decrypt", isPreKeyMessage ? "prekey" : "message", toHex(message));
    return fromHex(hex);
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.stdin.end();
    await ended;
  }

  /** Sends one command and waits for the words of its answer. @throws PeerRefused */
  protected async ask(...words: (string | number)[]): Promise<string[]> {
    this.#process.stdin.write(`${words.join(" ")}\n`);
    const line = await this.#lines.next();
    if (line.done) throw new Error("the peer's program has ended");
    const answer = line.value.split(" ");
    if (answer[0] === "error") throw new PeerRefused(answer[1] ?? "");
    return answer;
  }
}

function toHex(bytes: Uint8Array): string {
  return bytes.length === 0 ? "-" : Buffer.from(bytes).toString("hex");
}

function fromHex(hex: string | undefined): Buffer {
  return Buffer.from(hex === undefined || hex === "-" ? "" : hex, "hex");
}
