import { formElement, type Form, readAnswer } from "../../src/data-form.js";
import type { AdHocCommand, Context } from "../capability.js";
import type { Directory } from "./directory.js";

/** The command that tells the address of a number. */
export const FIND_NODE = "urn:twotick:find";

const form: Form = {
  type: "form",
  title: "Find somebody by number",
  instructions: "Numbers of your own country may be written as you dial them.",
  formType: FIND_NODE,
  fields: [{ name: "number", type: "text-single", label: "Phone number", isRequired: true }],
};

/** Makes the command by which somebody with a number finds others. */
export function findCommand(context: Context, directory: Directory): AdHocCommand {
  return {
    node: FIND_NODE,
    name: "Find somebody by number",
    mayRun: (from) => from.domain === context.config.host.domain && from.local !== "",
    start: (from) =>
      Promise.resolve({
        status: "executing",
        isLast: true,
        form: formElement(form),
        async next(submitted) {
          const [text = ""] = readAnswer(form, submitted).get("number") ?? [];
          const { number, jid } = await directory.find(from, text);
          if (jid === undefined)
            return { status: "completed", note: { text: "{number} is not here.", values: { number } } };
          const fields: Form["fields"] = [
            { name: "number", type: "text-single", label: "Phone number", values: [number] },
            { name: "jid", type: "jid-single", label: "Address", values: [jid] },
          ];
          const result = formElement({ type: "result", title: "Found", formType: FIND_NODE, fields });
          const note = { text: "The address of {number} is {jid}.", values: { number, jid } } as const;
          return { status: "completed", note, form: result };
        },
      }),
  };
}
