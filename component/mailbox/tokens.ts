import { randomBytes } from "node:crypto";
import type { EpochMs } from "../../src/clock.js";
import type { DeviceId } from "../../src/ids.js";
import type { Vault } from "../store/vault.js";

/** How long a nonce may be signed. */
const NONCE_MS = 60_000;

/** What a session token stands for. It is sealed: a device can keep it, not read or change it. */
export interface SessionToken {
  /** Bare JID of the account. */
  readonly account: string;
  readonly deviceId: DeviceId;
  /** Row of the device: its id may be bound again one day, by another key. */
  readonly mailbox: number;
  /** Rises when the device's tokens are revoked. */
  readonly generation: number;
  readonly expiresAt: EpochMs;
}

/** Makes a token. */
export function issueToken(vault: Vault, token: SessionToken): string {
  return vault.seal("session token", Buffer.from(JSON.stringify(token))).toString("base64url");
}

/** Reads a token; `undefined` when it is not one of ours. It does not look at the time. */
export function openToken(vault: Vault, text: string): SessionToken | undefined {
  const opened = vault.open("session token", Buffer.from(text, "base64url"));
  return opened && (JSON.parse(opened.toString()) as SessionToken);
}

/** Makes a nonce for one full JID. */
export function issueNonce(vault: Vault, fullJid: string, now: EpochMs): string {
  const content = { fullJid, expiresAt: now + NONCE_MS, salt: randomBytes(8).toString("base64url") };
  return vault.seal("attach nonce", Buffer.from(JSON.stringify(content))).toString("base64url");
}

/** Whether a nonce was made for this full JID not long ago. */
export function isFreshNonce(vault: Vault, nonce: string, fullJid: string, now: EpochMs): boolean {
  const opened = vault.open("attach nonce", Buffer.from(nonce, "base64url"));
  if (!opened) return false;
  const content = JSON.parse(opened.toString()) as { fullJid: string; expiresAt: EpochMs };
  return content.fullJid === fullJid && content.expiresAt > now && content.expiresAt <= now + NONCE_MS;
}
