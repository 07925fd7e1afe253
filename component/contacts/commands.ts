import { formElement, readAnswer, type Form, type FormField } from "../../src/data-form.js";
import { StanzaError } from "../../src/errors.js";
import { Jid } from "../../src/jid.js";
import { isPhoneNumber, type PhoneNumber } from "../../src/phone-number.js";
import { countryOf, parsePhoneNumber } from "../../src/written-number.js";
import type { AdHocCommand, CommandStage, Context, Sentence } from "../capability.js";
import type { AccountOperations } from "../accounts/store.js";
import type { Remote } from "../store/operations.js";
import type { Blocking } from "./blocking.js";
import type { PrivacyService } from "./privacy.js";
import { ASPECTS, AUDIENCES, type Aspect, type Audience, type PrivacySettings } from "./sight.js";

type Answer = ReadonlyMap<string, readonly string[]>;

const LABELS: Record<Aspect, string> = {
  presence: "Who sees that I am online",
  lastSeen: "Who sees when I was last online",
  profile: "Who sees my picture and profile",
};

const FIELDS: Record<Aspect, string> = { presence: "presence", lastSeen: "last-seen", profile: "profile" };

const OPTIONS: readonly { readonly value: Audience; readonly label: string }[] = [
  { value: "everyone", label: "Everyone" },
  { value: "contacts", label: "My contacts" },
  { value: "nobody", label: "Nobody" },
];

/** What the commands work with. */
export type ContactCommandPorts = Pick<Context, "config" | "vault"> & {
  readonly accounts: Remote<AccountOperations>;
  readonly privacy: PrivacyService;
  readonly blocking: Blocking;
};

/** Makes the commands by which a person decides who sees what, and blocks numbers. */
export function contactCommands(ports: ContactCommandPorts): AdHocCommand[] {
  return [privacyCommand(ports), blockCommand(ports), unblockCommand(ports)];
}

function privacyCommand({ config, privacy }: ContactCommandPorts): AdHocCommand {
  return oneForm(config, {
    node: "urn:twotick:privacy",
    name: "Choose who sees what of you",
    async ask(from) {
      const settings = await privacy.of(from.bare);
      return {
        title: "Privacy",
        instructions: "Contacts are those you subscribed to, or whose subscription you approved.",
        fields: ASPECTS.map((aspect) => field(aspect, settings[aspect])),
      };
    },
    async take(answer, from) {
      const before = await privacy.of(from.bare);
      await privacy.change(from.bare, {
        presence: audience(answer, "presence", before),
        lastSeen: audience(answer, "lastSeen", before),
        profile: audience(answer, "profile", before),
      });
      return "Your choice is kept.";
    },
  });
}

function blockCommand({ config, blocking, accounts, vault }: ContactCommandPorts): AdHocCommand {
  return oneForm(config, {
    node: "urn:twotick:block",
    name: "Block a number",
    ask: () =>
      Promise.resolve({
        title: "Block a number",
        instructions: "Its messages do not reach you, and it does not see you. It is not told.",
        fields: [{ name: "number", type: "text-single", label: "Phone number", isRequired: true }],
      }),
    async take(answer, from) {
      const account = await accounts.findByJid(from.bare);
      const own = account && vault.openNumber(account.numberSealed);
      await blocking.set(from.bare, [readNumber(answer.get("number")?.[0] ?? "", own)], true);
      return "The number is blocked.";
    },
  });
}

function unblockCommand({ config, blocking }: ContactCommandPorts): AdHocCommand {
  return oneForm(config, {
    node: "urn:twotick:unblock",
    name: "List or unblock blocked numbers",
    async ask(from) {
      const options = (await blocking.blocked(from.bare)).map((value) => ({ value, label: value }));
      return {
        title: "Blocked numbers",
        instructions: options.length === 0 ? "No number is blocked." : "Choose those to unblock, or none.",
        fields: [{ name: "unblock", type: "list-multi", label: "Numbers", options }],
      };
    },
    async take(answer, from) {
      const chosen = (answer.get("unblock") ?? []).filter(isPhoneNumber);
      await blocking.set(from.bare, chosen, false);
      if (chosen.length === 0) return "Nothing was changed.";
      return { text: "Not blocked any more: {numbers}.", values: { numbers: chosen.join(", ") } };
    },
  });
}

interface OneForm {
  readonly node: string;
  readonly name: string;
  readonly ask: (from: Jid) => Promise<Omit<Form, "type" | "formType">>;
  readonly take: (answer: Answer, from: Jid) => Promise<Sentence>;
}

function oneForm(config: Context["config"], { node, name, ask, take }: OneForm): AdHocCommand {
  return {
    node,
    name,
    mayRun: (from) => from.domain === config.host.domain && from.local !== "",
    async start(from): Promise<CommandStage> {
      const form: Form = { ...(await ask(from)), type: "form", formType: node };
      return {
        status: "executing",
        isLast: true,
        form: formElement(form),
        next: async (submitted) => ({
          status: "completed",
          note: await take(readAnswer(form, submitted), from),
        }),
      };
    },
  };
}

function field(aspect: Aspect, value: Audience): FormField {
  return {
    name: FIELDS[aspect],
    type: "list-single",
    label: LABELS[aspect],
    values: [value],
    options: OPTIONS,
  };
}

function audience(answer: Answer, aspect: Aspect, before: PrivacySettings): Audience {
  const chosen = answer.get(FIELDS[aspect])?.[0];
  return AUDIENCES.find((known) => known === chosen) ?? before[aspect];
}

// People paste addresses too, and write numbers as they do at home
function readNumber(text: string, own: PhoneNumber | undefined): PhoneNumber {
  const local = Jid.tryParse(text)?.local;
  if (local !== undefined && isPhoneNumber(local)) return local;
  const number = parsePhoneNumber(text, own && countryOf(own));
  if (number === own) throw new StanzaError("not-acceptable", "this is your own number");
  return number;
}
