import { timingSafeEqual } from "node:crypto";
import type { Vault } from "../store/vault.js";

/**
 * The token that opens the admin's part of the HTTP API.
 *
 * It derives from the store key: who can read the configuration can administer, and there is no further secret to keep.
 */
export function adminToken(vault: Vault): string {
  return vault.keyedHash("admin token", "1").toString("base64url");
}

/** Whether the header `Authorization` holds the admin's token. Source: RFC 6750 §2.1. */
export function isAdmin(vault: Vault, authorization: string | undefined): boolean {
  const expected = Buffer.from(`Bearer ${adminToken(vault)}`);
  const given = Buffer.from(authorization ?? "");
  return given.length === expected.length && timingSafeEqual(given, expected);
}
