import { timingSafeEqual } from "node:crypto";
import type { EpochMs } from "../../src/clock.js";
import type { Vault } from "../store/vault.js";

/**
 * The token that opens the admin's part of the HTTP API.
 *
 * It derives from the store key: who can read the configuration can administer, and there is no further secret to keep.
 */
export function adminToken(vault: Vault): string {
  return vault.keyedHash("admin token", "1").toString("base64url");
}

/**
 * A token that opens the dashboard alone, and for a time: it may lie in a browser.
 *
 * @param expiresAt when it stops to be good; counted in whole seconds
 */
export function dashboardToken(vault: Vault, expiresAt: EpochMs): string {
  const seconds = Math.floor(expiresAt / 1000);
  return `${seconds}.${vault.keyedHash("dashboard token", String(seconds)).toString("base64url")}`;
}

/** Whether the header `Authorization` holds a token of the dashboard that is good now, or the admin's. */
export function mayUseDashboard(vault: Vault, authorization: string | undefined, now: EpochMs): boolean {
  const seconds = /^Bearer (\d{1,12})\./.exec(authorization ?? "")?.[1];
  if (seconds === undefined) return isAdmin(vault, authorization);
  const expiresAt = Number(seconds) * 1000;
  return isBearer(authorization, dashboardToken(vault, expiresAt)) && now < expiresAt;
}

/** Whether the header `Authorization` holds the admin's token. Source: RFC 6750 §2.1. */
export function isAdmin(vault: Vault, authorization: string | undefined): boolean {
  return isBearer(authorization, adminToken(vault));
}

function isBearer(authorization: string | undefined, token: string): boolean {
  const expected = Buffer.from(`Bearer ${token}`);
  const given = Buffer.from(authorization ?? "");
  return given.length === expected.length && timingSafeEqual(given, expected);
}
