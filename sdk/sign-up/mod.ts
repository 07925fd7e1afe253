export { linkNumber, LinkSession, type LinkNumberOptions, type Requester } from "./link-number.js";
export { SignUpError } from "./refusal.js";
export {
  signUp,
  SignUpSession,
  type CodeChannel,
  type NewAccount,
  type SignUpDevice,
  type SignUpOptions,
  type SignUpState,
  type VerifyOptions,
} from "./sign-up.js";
