import { formElement, readAnswer, type Form } from "../../src/data-form.js";
import { StanzaError } from "../../src/errors.js";
import type { AdHocCommand, CommandStage, Context } from "../capability.js";
import type { Remote } from "../store/operations.js";
import type { FederationOperations } from "./store.js";

const NODE = "urn:twotick:strangers";

/** Makes the command by which a person lets people on other servers write, which nobody may before. */
export function strangersCommand(
  { config }: Pick<Context, "config">,
  store: Remote<FederationOperations>,
): AdHocCommand {
  const noNumber = (): StanzaError => new StanzaError("item-not-found", "no number belongs to this account");
  return {
    node: NODE,
    name: "Choose whether people on other servers may write to you",
    mayRun: (from) => from.domain === config.host.domain && from.local !== "",
    async start(from): Promise<CommandStage> {
      const isWelcoming = await store.welcomesStrangers(from.bare);
      if (isWelcoming === undefined) throw noNumber();
      const form: Form = {
        type: "form",
        formType: NODE,
        title: "People on other servers",
        instructions: "They are not encrypted to, and find out that your number is in use.",
        fields: [
          {
            name: "welcome",
            type: "boolean",
            label: "People on other servers may write to me",
            values: [isWelcoming ? "1" : "0"],
          },
        ],
      };
      return {
        status: "executing",
        isLast: true,
        form: formElement(form),
        async next(submitted) {
          const answer = readAnswer(form, submitted).get("welcome")?.[0];
          if (answer !== undefined && !(await store.setWelcome(from.bare, answer === "1"))) throw noNumber();
          return { status: "completed", note: "Your choice is kept." };
        },
      };
    },
  };
}
