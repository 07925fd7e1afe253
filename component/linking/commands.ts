import { z } from "zod";
import { formElement, type Form, readAnswer } from "../../src/data-form.js";
import { InvalidInput, StanzaError } from "../../src/errors.js";
import type { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import type { Element } from "../../src/xml.js";
import type { AccountOperations, NewDevice } from "../accounts/store.js";
import type { AdHocCommand, CommandStage, Context, Sentence } from "../capability.js";
import { bindable } from "../sign-up/http.js";
import type { Channel } from "../sign-up/service.js";
import type { Remote } from "../store/operations.js";
import type { Linking, Waiting } from "./linking.js";
import { refusable } from "./refusals.js";

/** The command that gives a number to an account of the host, or binds a further device. */
export const LINK_NODE = "urn:twotick:link";

const CHANNELS = [
  { value: "sms", label: "SMS" },
  { value: "voice", label: "Voice call" },
];
const PIN_FIELDS: Form["fields"] = [
  { name: "pin", type: "text-private", label: "PIN, if the number is protected by one" },
  { name: "new-pin", type: "text-private", label: "New PIN, if you want one" },
];

const numberForm: Form = {
  type: "form",
  title: "Link a phone number",
  instructions:
    "A code is sent to the number. Leave the device empty if you use an ordinary app. If your app shows no second form, " +
    "run the command again with the code.",
  formType: LINK_NODE,
  fields: [
    { name: "number", type: "text-single", label: "Phone number" },
    { name: "channel", type: "list-single", label: "Send the code by", values: ["sms"], options: CHANNELS },
    { name: "code", type: "text-single", label: "Code, if you have it already" },
    ...PIN_FIELDS,
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
    ...PIN_FIELDS,
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
export function linkCommand(context: Context, linking: Linking): AdHocCommand {
  const command = new LinkCommand(context, linking);
  return {
    node: LINK_NODE,
    name: "Link a phone number to this account",
    mayRun: (from) => linking.isOfHost(from),
    start: (from) => command.start(from),
  };
}

type Answer = ReadonlyMap<string, readonly string[]>;

/** What the command knows between its two forms. */
interface Pending {
  readonly waiting: Waiting;
  readonly from: Jid;
  readonly device: NewDevice | undefined;
}

class LinkCommand {
  readonly #context: Context;
  readonly #accounts: Remote<AccountOperations>;
  readonly #linking: Linking;

  constructor(context: Context, linking: Linking) {
    this.#context = context;
    this.#accounts = context.store.of<AccountOperations>("accounts");
    this.#linking = linking;
  }

  /** The first form; with the number filled in that waits for its code. */
  async start(from: Jid): Promise<CommandStage> {
    const waiting = await this.#linking.waiting(from.bare);
    const fields = numberForm.fields.map((field) =>
      waiting && field.name === "number" ? { ...field, values: [waiting.number] } : field,
    );
    return {
      status: "executing",
      form: formElement({ ...numberForm, fields }),
      next: (submitted, isFinal) => this.#takeFirst(submitted, from, isFinal ?? false),
    };
  }

  #takeFirst(submitted: Element, from: Jid, isFinal: boolean): Promise<CommandStage> {
    const answer = readAnswer(numberForm, submitted);
    return refusable(async () => {
      if (answer.has("code")) return this.#takeBoth(answer, from);
      return this.#takeNumber(answer, from, isFinal);
    });
  }

  /** The number and its code in one form, for apps that show no second one. */
  async #takeBoth(answer: Answer, from: Jid): Promise<CommandStage> {
    const waiting = await this.#linking.waiting(from.bare);
    if (!waiting) throw new StanzaError("item-not-found", "no code was asked for, or it has expired");
    const [text] = answer.get("number") ?? [];
    const number = text === undefined ? waiting.number : await this.#linking.readNumber(from.bare, text);
    if (number !== waiting.number) throw new StanzaError("conflict", "the code was sent to another number");
    return this.#takeCode(answer, { waiting, from, device: readDevice(answer) });
  }

  async #takeNumber(answer: Answer, from: Jid, isFinal: boolean): Promise<CommandStage> {
    const [text] = answer.get("number") ?? [];
    if (text === undefined) throw new InvalidInput("the field number is missing");
    const number = await this.#linking.readNumber(from.bare, text);
    const device = readDevice(answer);
    // Whoever is logged in to the account needs no code for its own number
    if (number === (await this.#linking.numberOf(from.bare))) return this.#bindFurther(from, device);
    const [channel = "sms"] = answer.get("channel") ?? [];
    const waiting = await this.#linking.begin(from.bare, number, channel as Channel);
    // XEP-0050 §3.4: whoever completes expects no further form
    if (isFinal)
      return completed("A code is on its way. Run this command again with the number and the code.");
    return this.#codeStage({ waiting, from, device });
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
      next: (submitted) => {
        const answer = readAnswer(codeForm, submitted);
        return refusable(() => this.#takeCode(answer, pending));
      },
    };
  }

  async #takeCode(answer: Answer, pending: Pending): Promise<CommandStage> {
    const { waiting, from, device } = pending;
    const [code] = answer.get("code") ?? [];
    const [again] = answer.get("again") ?? [];
    if (code === undefined) {
      if (again === undefined) throw new StanzaError("bad-request", "the code is missing");
      await this.#linking.again(from.bare, waiting, again as Channel);
      return this.#codeStage(pending);
    }
    const [pin] = answer.get("pin") ?? [];
    const [newPin] = answer.get("new-pin") ?? [];
    const number = await this.#linking.finish(from.bare, waiting, { code, pin, newPin, device });
    return completed({ text: "{number} belongs to this account now.", values: { number } });
  }
}

function completed(note: Sentence): CommandStage {
  return { status: "completed", note };
}

function readDevice(answer: Answer): NewDevice | undefined {
  const [id] = answer.get("device-id") ?? [];
  const [publicKey] = answer.get("device-key") ?? [];
  if (id === undefined && publicKey === undefined) return undefined;
  const read = deviceSchema.safeParse({ deviceId: id, publicKey });
  if (!read.success) throw new StanzaError("bad-request", "device-id or device-key is not valid");
  return bindable(read.data);
}
