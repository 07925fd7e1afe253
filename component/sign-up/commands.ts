import { formElement, type Form, readAnswer } from "../../src/data-form.js";
import { StanzaError, type StanzaCondition, type StanzaErrorType } from "../../src/errors.js";
import type { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import { z } from "zod";
import type { AccountOperations, NewDevice } from "../accounts/store.js";
import type { AdHocCommand, CommandStage, Context } from "../capability.js";
import type { Remote } from "../store/operations.js";
import { bindable } from "./http.js";
import type { Codes } from "./codes.js";
import { type RefusalCode, SignUpRefusal } from "./refusal.js";
import type { Channel } from "./service.js";
import type { SignUp } from "./sign-up.js";

/** The command that gives a number to an account of the host, or binds a further device. */
export const LINK_NODE = "urn:twotick:link";

const CHANNELS = [
  { value: "sms", label: "SMS" },
  { value: "voice", label: "Voice call" },
];

const numberForm: Form = {
  type: "form",
  title: "Link a phone number",
  instructions: "A code is sent to the number. Leave the device empty if you use an ordinary app.",
  formType: LINK_NODE,
  fields: [
    { name: "number", type: "text-single", label: "Phone number", isRequired: true },
    { name: "channel", type: "list-single", label: "Send the code by", values: ["sms"], options: CHANNELS },
    { name: "device-id", type: "text-single", label: "Device id" },
    { name: "device-key", type: "text-single", label: "Device's public key" },
  ],
};

const codeForm: Form = {
  type: "form",
  title: "Link a phone number",
  instructions: "Fill in the code; or leave it empty and choose how to get another one.",
  formType: LINK_NODE,
  fields: [
    { name: "code", type: "text-single", label: "Code" },
    { name: "pin", type: "text-private", label: "PIN, if the number is protected by one" },
    { name: "new-pin", type: "text-private", label: "New PIN, if you want one" },
    { name: "again", type: "list-single", label: "Send another code by", options: CHANNELS },
  ],
};

const deviceSchema = z.object({
  deviceId: z.coerce
    .number()
    .int()
    .min(1)
    .max(2 ** 31 - 1),
  publicKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});

/** Makes the command by which an account of the host links a number. */
export function linkCommand(
  context: Context,
  parts: { readonly codes: Codes; readonly signUp: SignUp },
): AdHocCommand {
  const linking = new Linking(context, parts.codes, parts.signUp);
  return {
    node: LINK_NODE,
    name: "Link a phone number to this account",
    mayRun: (from) => from.domain === context.config.host.domain && from.local !== "",
    start: (from) =>
      Promise.resolve({
        status: "executing",
        isLast: false,
        form: formElement(numberForm),
        next: (submitted) => refusable(() => linking.takeNumber(readAnswer(numberForm, submitted), from)),
      }),
  };
}

type Answer = ReadonlyMap<string, readonly string[]>;

/** What a linking knows between its two forms. */
interface Pending {
  readonly session: string;
  readonly from: Jid;
  readonly device: NewDevice | undefined;
}

class Linking {
  readonly #context: Context;
  readonly #accounts: Remote<AccountOperations>;
  readonly #codes: Codes;
  readonly #signUp: SignUp;

  constructor(context: Context, codes: Codes, signUp: SignUp) {
    this.#context = context;
    this.#accounts = context.store.of<AccountOperations>("accounts");
    this.#codes = codes;
    this.#signUp = signUp;
  }

  async takeNumber(answer: Answer, from: Jid): Promise<CommandStage> {
    const number = this.#codes.readNumber(answer.get("number")?.[0] ?? "");
    const device = readDevice(answer);
    const own = await this.#accounts.findByJid(from.bare);
    // Whoever is logged in to the account needs no code for its own number
    if (own && this.#context.vault.hashNumber(number).equals(own.numberHash))
      return this.#bindFurther(from, device);
    const channel = (answer.get("channel")?.[0] ?? "sms") as Channel;
    const { session } = await this.#codes.begin(number, channel, { account: from.bare });
    return this.#codeStage({ session, from, device });
  }

  async #bindFurther(from: Jid, device: NewDevice | undefined): Promise<CommandStage> {
    if (!device) return completed("The number belongs to this account already.");
    const refusal = await this.#accounts.addDevice(from.bare, device, this.#context.clock.now());
    if (refusal === undefined) return completed("The device is bound to the account.");
    throw new StanzaError("conflict", `the device cannot be bound: ${refusal.replaceAll("-", " ")}`, {
      applicationCondition: refusal,
      applicationNamespace: NS.signUp,
    });
  }

  #codeStage(pending: Pending): CommandStage {
    return {
      status: "executing",
      isLast: true,
      form: formElement(codeForm),
      next: (submitted) => refusable(() => this.#takeCode(readAnswer(codeForm, submitted), pending)),
    };
  }

  async #takeCode(answer: Answer, pending: Pending): Promise<CommandStage> {
    const { session, from, device } = pending;
    const [code] = answer.get("code") ?? [];
    const [again] = answer.get("again") ?? [];
    if (code === undefined) {
      if (again === undefined) throw new StanzaError("bad-request", "the code is missing");
      await this.#codes.again(session, again as Channel, from.bare);
      return this.#codeStage(pending);
    }
    const [pin] = answer.get("pin") ?? [];
    const [newPin] = answer.get("new-pin") ?? [];
    const number = await this.#signUp.link(session, { code, pin, newPin, device }, from.bare);
    return completed(`${number} belongs to this account now.`);
  }
}

function completed(note: string): CommandStage {
  return { status: "completed", note };
}

function readDevice(answer: ReadonlyMap<string, readonly string[]>): NewDevice | undefined {
  const [id] = answer.get("device-id") ?? [];
  const [publicKey] = answer.get("device-key") ?? [];
  if (id === undefined && publicKey === undefined) return undefined;
  const read = deviceSchema.safeParse({ deviceId: id, publicKey });
  if (!read.success) throw new StanzaError("bad-request", "device-id or device-key is not valid");
  return bindable(read.data);
}

interface Refused {
  readonly condition: StanzaCondition;
  readonly type?: StanzaErrorType;
}

/** The stanza error that goes with each refusal; its name is the application-specific condition. */
const CONDITIONS: Readonly<Record<RefusalCode, Refused>> = {
  "number-invalid": { condition: "not-acceptable" },
  "country-not-allowed": { condition: "not-allowed" },
  "channel-unavailable": { condition: "not-acceptable" },
  "too-many-requests": { condition: "policy-violation", type: "wait" },
  "codes-unavailable": { condition: "resource-constraint" },
  "too-early": { condition: "unexpected-request" },
  "no-more-codes": { condition: "not-allowed" },
  "session-unknown": { condition: "item-not-found" },
  "code-wrong": { condition: "not-authorized" },
  "code-expired": { condition: "not-authorized" },
  "checks-exhausted": { condition: "not-allowed" },
  "pin-invalid": { condition: "not-acceptable" },
  "pin-required": { condition: "not-authorized" },
  "pin-wrong": { condition: "not-authorized" },
  "pin-locked": { condition: "policy-violation", type: "wait" },
  "localpart-invalid": { condition: "not-acceptable" },
  "localpart-taken": { condition: "conflict" },
  "device-mismatch": { condition: "conflict" },
  "host-unavailable": { condition: "remote-server-timeout" },
  "host-refused": { condition: "service-unavailable", type: "wait" },
};

async function refusable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SignUpRefusal)) throw error;
    const { condition, type } = CONDITIONS[error.code];
    const wait =
      error.retryAfterMs === undefined || error.retryAfterMs === 0
        ? ""
        : ` (wait ${Math.ceil(error.retryAfterMs / 1000)} s)`;
    throw new StanzaError(condition, `${error.message}${wait}`, {
      applicationCondition: error.code,
      applicationNamespace: NS.signUp,
      cause: error,
      ...(type === undefined ? {} : { type }),
    });
  }
}
