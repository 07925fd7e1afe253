import { formElement, type Form, readAnswer } from "../../src/data-form.js";
import { formatStamp } from "../../src/clock.js";
import { StanzaError } from "../../src/errors.js";
import { deviceId } from "../../src/ids.js";
import type { Jid } from "../../src/jid.js";
import type { AdHocCommand, CommandStage, Context, Sentence } from "../capability.js";
import { Keeping } from "./keeping.js";
import { isPin } from "./pin.js";
import type { AccountOperations } from "./store.js";

/** The account on the host goes this long after its owner was told, so that the answer arrives first. */
const REMOVAL_DELAY_MS = 3000;

type Answer = ReadonlyMap<string, readonly string[]>;

/** Makes the commands by which a person looks after number, PIN and devices. */
export function accountCommands(context: Context, removeSoon: () => void): AdHocCommand[] {
  return [
    unlinkCommand(context),
    deleteCommand(context, removeSoon),
    pinCommand(context),
    devicesCommand(context),
  ];
}

function unlinkCommand(context: Context): AdHocCommand {
  const keeping = new Keeping(context);
  const warning = "Your number is taken from this account; its devices and waiting messages are gone.";
  return command(context, {
    node: "urn:twotick:unlink",
    name: "Give up the phone number",
    ask: () => Promise.resolve(confirmation(warning)),
    async take(answer, from) {
      requireConfirmed(answer);
      if (!(await keeping.unlink(from.bare))) throw noNumber();
      return "The number does not belong to this account any more.";
    },
  });
}

function deleteCommand(context: Context, removeSoon: () => void): AdHocCommand {
  const { clock, events } = context;
  const accounts = context.store.of<AccountOperations>("accounts");
  const warning =
    "Your number, devices and waiting messages are gone, and so is the account if it was made at sign-up.";
  return command(context, {
    node: "urn:twotick:delete",
    name: "Delete the account",
    ask: () => Promise.resolve(confirmation(warning)),
    async take(answer, from) {
      requireConfirmed(answer);
      const retired = await accounts.remove(from.bare, clock.now() + REMOVAL_DELAY_MS);
      if (!retired) throw noNumber();
      events.accountGone(from.bare);
      if (!retired.isMadeHere) return "The number is gone; the account was not made here and stays.";
      clock.after(REMOVAL_DELAY_MS, removeSoon);
      return "The account is being deleted.";
    },
  });
}

function pinCommand(context: Context): AdHocCommand {
  const keeping = new Keeping(context);
  return command(context, {
    node: "urn:twotick:pin",
    name: "Set or remove the PIN",
    ask: () => Promise.resolve(PIN_FORM),
    async take(answer, from) {
      const [pin] = answer.get("pin") ?? [];
      if (pin !== undefined && !isPin(pin))
        throw new StanzaError("not-acceptable", "a PIN is 4 to 20 digits");
      if (!(await keeping.setPin(from.bare, pin))) throw noNumber();
      return pin !== undefined ? "The PIN is set." : "There is no PIN any more.";
    },
  });
}

function devicesCommand(context: Context): AdHocCommand {
  const keeping = new Keeping(context);
  return command(context, {
    node: "urn:twotick:devices",
    name: "List or remove devices",
    async ask(from) {
      const options = (await keeping.devices(from.bare)).map(({ deviceId, boundAt, seenAt }) => ({
        value: String(deviceId),
        label: `${deviceId} (${formatStamp(boundAt)} – ${formatStamp(seenAt)})`,
      }));
      return {
        title: "Your devices",
        instructions: options.length === 0 ? "No device is bound." : "Choose those to remove, or none.",
        fields: [{ name: "remove", type: "list-multi", label: "Devices (bound – last seen)", options }],
      };
    },
    async take(answer, from) {
      const chosen = (answer.get("remove") ?? []).map((id) => deviceId(id));
      const removed = await keeping.removeDevices(from.bare, chosen);
      if (removed.length === 0) return "Nothing was removed.";
      return { text: "Removed: {devices}.", values: { devices: removed.join(", ") } };
    },
  });
}

type Questions = Omit<Form, "type" | "formType">;

/** A command of one form, for accounts that a number belongs to; `take` answers the closing sentence. */
interface OneFormCommand {
  readonly node: string;
  readonly name: string;
  readonly ask: (from: Jid) => Promise<Questions>;
  readonly take: (answer: Answer, from: Jid) => Promise<Sentence>;
}

function command({ store, config }: Context, { node, name, ask, take }: OneFormCommand): AdHocCommand {
  const accounts = store.of<AccountOperations>("accounts");
  return {
    node,
    name,
    mayRun: (from) => from.domain === config.host.domain && from.local !== "",
    async start(from): Promise<CommandStage> {
      if (!(await accounts.findByJid(from.bare))) throw noNumber();
      const form: Form = { ...(await ask(from)), type: "form", formType: node };
      return {
        status: "executing",
        isLast: true,
        form: formElement(form),
        async next(submitted) {
          const answer = readAnswer(form, submitted);
          return { status: "completed", note: await take(answer, from) };
        },
      };
    },
  };
}

const PIN_FORM: Questions = {
  title: "Registration PIN",
  instructions: "Whoever signs up with your number has to know it. Leave it empty to have none.",
  fields: [{ name: "pin", type: "text-private", label: "PIN (4 to 20 digits)" }],
};

function confirmation(instructions: string): Questions {
  return {
    title: "Are you sure?",
    instructions,
    fields: [{ name: "confirm", type: "boolean", label: "I am sure", isRequired: true, values: ["0"] }],
  };
}

function requireConfirmed(answer: Answer): void {
  if (answer.get("confirm")?.[0] !== "1") throw new StanzaError("not-acceptable", "it was not confirmed");
}

function noNumber(): StanzaError {
  return new StanzaError("item-not-found", "no number belongs to this account");
}
