import type { Context } from "../capability.js";
import { Codes } from "./codes.js";
import { createProvider } from "./providers/mod.js";
import { SignUp } from "./sign-up.js";

/** What turns a proven number into an account, or links it to one; there is one of each. */
export interface SignUpParts {
  readonly codes: Codes;
  readonly signUp: SignUp;
}

const made = new WeakMap<Context, SignUpParts>();

/** The one way in to sign-up, whichever door a person came through. */
export function signUpParts(context: Context): SignUpParts {
  const known = made.get(context);
  if (known) return known;
  const codes = new Codes(
    context,
    createProvider(context.config.signUp, context.clock, process.env, context.showCode),
  );
  const parts = { codes, signUp: new SignUp(context, codes) };
  made.set(context, parts);
  return parts;
}
