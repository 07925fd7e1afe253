import { InvalidInput, LinkError, StanzaError, type TwotickError } from "../../../src/errors.js";

/** Whether an error is the peer's or the network's, and not a fault of the store or the program. */
export function isOrdinary(error: unknown): error is TwotickError {
  return error instanceof StanzaError || error instanceof LinkError || error instanceof InvalidInput;
}

/** Whether trying again may help: the connection failed, or the server asks to wait. */
export function isTransient(error: unknown): boolean {
  return error instanceof LinkError || (error instanceof StanzaError && error.type === "wait");
}
