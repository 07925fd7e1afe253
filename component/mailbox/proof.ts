import { StanzaError } from "../../src/errors.js";
import type { Jid } from "../../src/jid.js";
import { attachStatement, type Attach } from "../../src/mailbox-attach.js";
import type { Context } from "../capability.js";
import type { AttachRequest } from "./attach-store.js";
import { isSignedBy, hashDeviceKey } from "./service.js";
import { isFreshNonce, openToken } from "./tokens.js";

const DAY_MS = 86_400_000;

/** Checks the proof of a device that attaches, as far as that can be done without the store. @throws {StanzaError} `not-authorized` */
export function prove(
  { vault, clock, config }: Context,
  from: Jid,
  { device, proof }: Attach,
): AttachRequest["proof"] {
  const now = clock.now();
  if ("token" in proof) {
    const token = openToken(vault, proof.token);
    const isOurs = token?.account === from.bare && token.deviceId === device;
    // One that would live longer than any is from before the clock was set back
    const latest = now + config.mailbox.tokenDays * DAY_MS;
    if (!isOurs || token.expiresAt <= now || token.expiresAt > latest) {
      throw new StanzaError("not-authorized", "the session token is not valid", {
        applicationCondition: "token-expired",
      });
    }
    return { tokenGeneration: token.generation, mailbox: token.mailbox };
  }
  const { nonce, publicKey, signature } = proof;
  const statement = attachStatement(config.link.domain, from.toString(), device, nonce);
  if (!isFreshNonce(vault, nonce, from.toString(), now) || !isSignedBy(publicKey, statement, signature)) {
    throw new StanzaError("not-authorized", "the device's proof does not hold", {
      applicationCondition: "bad-proof",
    });
  }
  return { keyHash: hashDeviceKey(publicKey) };
}
