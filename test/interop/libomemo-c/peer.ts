import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { axolotl } from "../../../sdk/ratchet/mod.js";
import type { Bundle, Profile } from "../../../sdk/ratchet/mod.js";
import type { WireMessage } from "../../sdk/ratchet/device.js";
import { buildPeer } from "./build.js";

/** libomemo-c refused; `code` is its own, for example -1004 for a wrong MAC. */
export class PeerRefused extends Error {
  readonly code: number;

  /** @param code the error code of libomemo-c */
  constructor(code: number) {
    super(`libomemo-c refused: ${code}`);
    this.code = code;
  }
}

/** Codes of libomemo-c. Source: its `signal_protocol.h`. */
export const REFUSAL = { duplicate: -1001, invalidKey: -1002 } as const;

/** A device over libomemo-c in a process of its own, with keys of its own and one session. */
export class LibomemoPeer {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  /** Starts the program, building it first if need be. @param profile OMEMO 0.3 if not given */
  constructor(profile: Profile = axolotl) {
    this.#process = spawn(buildPeer(), profile === axolotl ? [] : ["2"], { stdio: ["pipe", "pipe", "pipe"] });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** Its bundle, with this one-time prekey (1 to 200) or none. */
  async bundle(preKeyId?: number): Promise<Bundle> {
    const [, identityKey, id, publicKey, signature, oneTimeId, oneTime] = await this.#ask(
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
    await this.#ask(
      "initiate",
      toHex(identityKey),
      ...signed,
      preKey?.id ?? 0,
      preKey ? toHex(preKey.publicKey) : "-",
    );
  }

  /** Lets it encrypt. @throws PeerRefused */
  async encrypt(plaintext: Uint8Array): Promise<WireMessage> {
    const [kind, hex] = await this.#ask("encrypt", toHex(plaintext));
    return { isPreKeyMessage: kind === "prekey", message: fromHex(hex) };
  }

  /** Lets it decrypt. @throws PeerRefused */
  async decrypt({ isPreKeyMessage, message }: WireMessage): Promise<Buffer> {
    const [, hex] = await this.#ask("decrypt", isPreKeyMessage ? "prekey" : "message", toHex(message));
    return fromHex(hex);
  }

  /** Its own medians in microseconds: building a session, first decrypt, ping-pong, in-chain encrypt, in-chain decrypt. */
  async bench(rounds: number): Promise<number[]> {
    return (await this.#ask("bench", rounds)).slice(1).map(Number);
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.stdin.end();
    await ended;
  }

  async #ask(...words: (string | number)[]): Promise<string[]> {
    this.#process.stdin.write(`${words.join(" ")}\n`);
    const line = await this.#lines.next();
    if (line.done) throw new Error("the libomemo-c peer has ended");
    const answer = line.value.split(" ");
    if (answer[0] === "error") throw new PeerRefused(Number(answer[1]));
    return answer;
  }
}

function toHex(bytes: Uint8Array): string {
  return bytes.length === 0 ? "-" : Buffer.from(bytes).toString("hex");
}

function fromHex(hex: string | undefined): Buffer {
  return Buffer.from(hex === undefined || hex === "-" ? "" : hex, "hex");
}
