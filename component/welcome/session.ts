import type { FastifyReply, FastifyRequest } from "fastify";
import type { EpochMs } from "../../src/clock.js";
import { newId } from "../../src/ids.js";
import type { PhoneNumber } from "../../src/phone-number.js";
import type { Vault } from "../store/vault.js";

/** Over TLS, or on the machine itself, to this very host only. Source: RFC 6265bis §4.1.3.2 (`__Host-`). */
const COOKIE = "__Host-sign-up";
const COOKIE_SECONDS = 3600;
const SESSION = /^[\w-]{16,64}$/;
const NONCE = /^([0-9a-z]{1,10})\.[\w-]{16,64}$/;
/** A form that is older than this begins something new. */
const NONCE_TTL_MS = 20 * 60_000;
/** Letters and digits that are not taken for each other; 32, so that each is five bits. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";
const GROUPS = 5;
const GROUP_LENGTH = 4;

/** The name of the sign-up that this browser is in. */
export function sessionOf(request: FastifyRequest): string | undefined {
  const pairs = (request.headers.cookie ?? "").split(";").map((pair) => pair.trim());
  const value = pairs.find((pair) => pair.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1) ?? "";
  return SESSION.test(value) ? value : undefined;
}

/** Lets the browser keep the name of its sign-up, or (undefined) forget it. */
export function keepSession(reply: FastifyReply, session: string | undefined): void {
  const age = session === undefined ? 0 : COOKIE_SECONDS;
  reply.header(
    "set-cookie",
    `${COOKIE}=${session ?? ""}; Path=/; Max-Age=${age}; Secure; HttpOnly; SameSite=Lax`,
  );
}

/** Makes what tells one showing of the form from another. */
export function newNonce(now: EpochMs): string {
  return `${now.toString(36)}.${newId()}`;
}

/**
 * Names a sign-up by the form that began it and the number: the form sent twice is one sign-up and one code.
 *
 * Who knows the form and the number does not know the name.
 */
export function sessionFor(vault: Vault, nonce: string, number: PhoneNumber, now: EpochMs): string {
  const madeAt = Number.parseInt(NONCE.exec(nonce)?.[1] ?? "", 36);
  if (!(madeAt <= now && now < madeAt + NONCE_TTL_MS)) return newId();
  return vault.keyedHash("welcome session", `${nonce}\0${number}`).toString("base64url");
}

/**
 * The password that the page shows in this sign-up: the same after a reload, and kept nowhere.
 *
 * @returns 100 bits that a person can type
 */
export function passwordFor(vault: Vault, session: string): string {
  const letters = [...vault.keyedHash("welcome password", session)].map((byte) => ALPHABET[byte % 32] ?? "");
  return Array.from({ length: GROUPS }, (_, group) =>
    letters.slice(group * GROUP_LENGTH, (group + 1) * GROUP_LENGTH).join(""),
  ).join("-");
}
