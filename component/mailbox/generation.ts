import { randomBytes } from "node:crypto";
import type { GenerationClaim } from "../../src/store-generation.js";
import type { Vault } from "../store/vault.js";

/** A state of a device's own store: its place in the row of them, and a name that no other state has. */
export interface Generation {
  /** 0 before the first. */
  readonly number: number;
  readonly id: string;
}

/** What a device was given to keep: sealed, so that it cannot be made up. */
export interface GenerationToken extends Generation {
  /** Row of the device. */
  readonly device: number;
}

/** What a device says of its store, with the token opened; a token that is none of ours counts as none. */
export interface StoreClaim {
  readonly token: GenerationToken | undefined;
  readonly sent: number;
  readonly taken: number;
}

/** What is known of a device's store. */
export interface StoreFacts extends Generation {
  /** Row of the device. */
  readonly device: number;
  /** The most that the device was heard to have encrypted, and the last entry that it acknowledged. */
  readonly sent: number;
  readonly taken: number;
}

/**
 * Decides what an attach, or a confirmation, says of the device's store: that it is the one that is known, that there
 * is a generation to be recorded, or that it is an old or a second one.
 *
 * The next generation is what was offered last. One further ahead was ours too, as its seal shows: then it is this
 * database that went back, and it learns from the device.
 */
export function decideGeneration(
  facts: StoreFacts,
  claim: StoreClaim | undefined,
): "unchanged" | "outdated" | Generation {
  // A device that never told of generations is not asked for one
  if (!claim) return facts.number === 0 ? "unchanged" : "outdated";
  // It has taken in, or encrypted, what it does not know of any more: its ratchets went back
  if (claim.sent < facts.sent || claim.taken < facts.taken) return "outdated";
  const token = claim.token?.device === facts.device ? claim.token : undefined;
  if (!token) return facts.number === 0 ? "unchanged" : "outdated";
  const { number, id } = token;
  if (number === facts.number) return id === facts.id ? "unchanged" : "outdated";
  return number > facts.number ? { number, id } : "outdated";
}

/**
 * Makes the generation that follows one. Nothing is stored of it until the device has made it durable, so that an
 * answer that is lost costs nothing: until then the device has the one before, which stays the current one.
 */
export function offerGeneration(vault: Vault, device: number, { number }: Generation): string {
  const token: GenerationToken = { device, number: number + 1, id: randomBytes(12).toString("base64url") };
  return vault.seal("store generation", Buffer.from(JSON.stringify(token))).toString("base64url");
}

/** Opens what {@link offerGeneration} made; `undefined` when it is not one of ours. */
export function openGeneration(vault: Vault, text: string): GenerationToken | undefined {
  const opened = vault.open("store generation", Buffer.from(text, "base64url"));
  return opened && (JSON.parse(opened.toString()) as GenerationToken);
}

/** Opens the token of a claim. */
export function openClaim(vault: Vault, { token, sent, taken }: GenerationClaim): StoreClaim {
  return { token: token === undefined ? undefined : openGeneration(vault, token), sent, taken };
}
