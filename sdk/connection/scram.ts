import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { LinkError } from "../../src/errors.js";

/** The SCRAM mechanisms spoken here, the stronger first. Source: RFC 7677, RFC 5802. */
export const SCRAM_MECHANISMS = ["SCRAM-SHA-256", "SCRAM-SHA-1"] as const;

/** The name of a SCRAM mechanism. */
export type ScramMechanism = (typeof SCRAM_MECHANISMS)[number];

const HASHES: Record<ScramMechanism, { name: string; sizeBytes: number }> = {
  "SCRAM-SHA-256": { name: "sha256", sizeBytes: 32 },
  "SCRAM-SHA-1": { name: "sha1", sizeBytes: 20 },
};

// RFC 7677 §4: at least 4096. The upper bound is ours: a server must not keep our CPU busy for minutes.
const MIN_ITERATIONS = 4_096;
const MAX_ITERATIONS = 1_000_000;

const GS2_HEADER = "n,,";
const deriveKey = promisify(pbkdf2);

/** A password and what was derived from it last, so that a reconnect need not derive it again. */
export class ScramPassword {
  readonly #password: string;
  #derived: { for: string; key: Buffer } | undefined;

  /** @param password in Unicode; brought to NFKC, the part of SASLprep (RFC 4013) that matters for accepted passwords */
  constructor(password: string) {
    this.#password = password.normalize("NFKC");
  }

  /** Hi() of RFC 5802 §2.2, computed off the event loop. */
  async salted(mechanism: ScramMechanism, salt: string, iterations: number): Promise<Buffer> {
    const purpose = `${mechanism} ${salt} ${iterations}`;
    if (this.#derived?.for === purpose) return this.#derived.key;
    const hash = HASHES[mechanism];
    const bytes = Buffer.from(salt, "base64");
    const key = await deriveKey(this.#password, bytes, iterations, hash.sizeBytes, hash.name);
    this.#derived = { for: purpose, key };
    return key;
  }
}

/**
 * The client's side of one SCRAM exchange, without channel binding.
 *
 * Both sides prove that they know the password; it does not travel. Source: RFC 5802 §3 and §5.
 */
export class ScramExchange {
  readonly #mechanism: ScramMechanism;
  readonly #password: ScramPassword;
  readonly #nonce: string;
  readonly #firstBare: string;
  #serverSignature: Buffer | undefined;

  /** @param nonce 18 random bytes unless given */
  constructor(
    mechanism: ScramMechanism,
    username: string,
    password: ScramPassword,
    nonce = randomBytes(18).toString("base64"),
  ) {
    this.#mechanism = mechanism;
    this.#password = password;
    this.#nonce = nonce;
    this.#firstBare = `n=${escapeName(username.normalize("NFKC"))},r=${nonce}`;
  }

  /** The client-first-message. */
  first(): string {
    return GS2_HEADER + this.#firstBare;
  }

  /** The client-final-message. @throws {LinkError} `bad-challenge` when the server's message breaks RFC 5802 */
  async final(serverFirst: string): Promise<string> {
    const { nonce, salt, iterations } = this.#readServerFirst(serverFirst);
    const salted = await this.#password.salted(this.#mechanism, salt, iterations);
    const withoutProof = `c=${Buffer.from(GS2_HEADER).toString("base64")},r=${nonce}`;
    const authMessage = `${this.#firstBare},${serverFirst},${withoutProof}`;
    const clientKey = this.#hmac(salted, "Client Key");
    const storedKey = createHash(HASHES[this.#mechanism].name).update(clientKey).digest();
    const signature = this.#hmac(storedKey, authMessage);
    this.#serverSignature = this.#hmac(this.#hmac(salted, "Server Key"), authMessage);
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0)));
    return `${withoutProof},p=${proof.toString("base64")}`;
  }

  /** Checks that the server knew the password too. @throws {LinkError} `server-not-authenticated`, fatal, if not */
  verify(serverFinal: string): void {
    const given = Buffer.from(/^v=([^,]+)/.exec(serverFinal)?.[1] ?? "", "base64");
    const wanted = this.#serverSignature;
    if (wanted && given.length === wanted.length && timingSafeEqual(given, wanted)) return;
    // RFC 5802 §3: the client must consider the exchange failed
    throw new LinkError("server-not-authenticated", "the server did not prove that it knows the password", {
      isFatal: true,
    });
  }

  #readServerFirst(message: string): { nonce: string; salt: string; iterations: number } {
    // RFC 5802 §5.1: an m= in front is an extension that must be understood; the pattern refuses it
    const match = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+={0,2}),i=([1-9]\d{0,8})(?:,.*)?$/.exec(
      message,
    );
    const [, nonce = "", salt = "", count = ""] = match ?? [];
    const iterations = Number(count);
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) throw badChallenge("nonce");
    if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) throw badChallenge("iteration count");
    return { nonce, salt, iterations };
  }

  #hmac(key: Buffer, text: string): Buffer {
    return createHmac(HASHES[this.#mechanism].name, key).update(text).digest();
  }
}

function badChallenge(what: string): LinkError {
  return new LinkError("bad-challenge", `the server's SCRAM message has no acceptable ${what}`);
}

/** RFC 5802 §5.1: "," and "=" are not allowed in a saslname. */
function escapeName(name: string): string {
  return name.replaceAll("=", "=3D").replaceAll(",", "=2C");
}
