import { InvalidInput } from "./errors.js";
import { NS } from "./namespaces.js";
import { attribute, type Element, namespaceOf, xml } from "./xml.js";

/** What a form is for. Source: XEP-0004 §3.1. */
export type FormType = "form" | "submit" | "cancel" | "result";

/** The kinds of field that are written and understood here. Source: XEP-0004 §3.3. */
export type FieldType =
  | "boolean"
  | "fixed"
  | "hidden"
  | "jid-multi"
  | "jid-single"
  | "list-multi"
  | "list-single"
  | "text-multi"
  | "text-private"
  | "text-single";

/** One question of a form. */
export interface FormField {
  /** The field's `var`; a `fixed` field needs none. */
  readonly name?: string;
  readonly type: FieldType;
  /** For people. */
  readonly label?: string;
  /** For people, longer. */
  readonly description?: string;
  readonly isRequired?: boolean;
  /** What the field holds before anybody filled it in. */
  readonly values?: readonly string[];
  /** What a list offers. */
  readonly options?: readonly { readonly value: string; readonly label?: string }[];
}

/** A form to be written. */
export interface Form {
  readonly type: FormType;
  readonly title?: string;
  readonly instructions?: string;
  /** The registered name of the form, which goes into the hidden field `FORM_TYPE`. Source: XEP-0068 §3. */
  readonly formType?: string;
  readonly fields: readonly FormField[];
}

/** A form as it was read: the values of each field by name. */
export interface FilledForm {
  readonly type: FormType;
  readonly formType: string | undefined;
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** More fields than this no form of ours has; nobody may make us hold more. */
const MAX_FIELDS = 64;
const MULTIPLE: ReadonlySet<FieldType> = new Set(["hidden", "jid-multi", "list-multi", "text-multi"]);

/** Writes a form as its `<x/>` element. Source: XEP-0004 §3. */
export function formElement(form: Form): Element {
  const formType: FormField[] =
    form.formType === undefined ? [] : [{ name: "FORM_TYPE", type: "hidden", values: [form.formType] }];
  return xml(
    "x",
    { xmlns: NS.dataForms, type: form.type },
    form.title === undefined ? undefined : xml("title", {}, form.title),
    form.instructions === undefined ? undefined : xml("instructions", {}, form.instructions),
    ...[...formType, ...form.fields].map((field) => fieldElement(field, form.type)),
  );
}

/**
 * Writes the answer to a form; what is `undefined` is left out.
 *
 * Source: XEP-0004 §3.1 (`submit`).
 */
export function submitElement(
  formType: string | undefined,
  values: Readonly<Record<string, string | readonly string[] | undefined>>,
): Element {
  const fields = Object.entries(values).flatMap(([name, value]): FormField[] => {
    if (value === undefined) return [];
    return [{ name, type: "text-single", values: typeof value === "string" ? [value] : value }];
  });
  return formElement({ type: "submit", ...(formType === undefined ? {} : { formType }), fields });
}

/**
 * Reads an `<x/>` element.
 *
 * @throws {InvalidInput} when it is no data form, has too many fields or names a field twice
 */
export function readForm(element: Element): FilledForm {
  const type = attribute(element, "type");
  if (element.name !== "x" || namespaceOf(element) !== NS.dataForms || !isFormType(type))
    throw new InvalidInput("not a data form");
  const fields = element.getChildren("field");
  if (fields.length > MAX_FIELDS) throw new InvalidInput(`a form has at most ${MAX_FIELDS} fields`);
  const values = new Map<string, readonly string[]>();
  for (const field of fields) {
    const name = attribute(field, "var");
    if (name === undefined) continue;
    if (values.has(name)) throw new InvalidInput("a form names a field twice");
    values.set(
      name,
      field.getChildren("value").map((value) => value.getText()),
    );
  }
  const formType = values.get("FORM_TYPE")?.[0];
  values.delete("FORM_TYPE");
  return { type, formType, values };
}

/**
 * Reads the answer to `form` and holds it against the questions.
 *
 * A field that was left empty counts as not given. Fields that were not asked for are left out.
 *
 * @returns the values by field name; booleans as `"1"` or `"0"`
 * @throws {InvalidInput} naming the field that is missing or has a value that it cannot have
 * Source: XEP-0004 §3.2, §3.3
 */
export function readAnswer(form: Form, submitted: Element): Map<string, readonly string[]> {
  const answer = readForm(submitted);
  if (answer.type !== "submit") throw new InvalidInput("the form is not one of type submit");
  if (answer.formType !== undefined && answer.formType !== form.formType)
    throw new InvalidInput("the form is the answer to another one");
  const values = new Map<string, readonly string[]>();
  for (const field of form.fields) {
    if (field.name === undefined || field.type === "fixed") continue;
    const given = (answer.values.get(field.name) ?? []).filter((value) => value !== "");
    if (given.length === 0 && field.isRequired === true)
      throw new InvalidInput(`the field ${field.name} is missing`);
    if (given.length > 0) values.set(field.name, checkValues(field, given));
  }
  return values;
}

function checkValues(field: FormField, values: readonly string[]): readonly string[] {
  const name = field.name ?? "";
  if (values.length > 1 && !MULTIPLE.has(field.type))
    throw new InvalidInput(`the field ${name} takes one value`);
  if (field.type === "boolean") return values.map((value) => readBoolean(value, name));
  if (field.options && field.type.startsWith("list-")) {
    const offered = new Set(field.options.map((option) => option.value));
    if (values.some((value) => !offered.has(value)))
      throw new InvalidInput(`the field ${name} takes one of ${[...offered].join(", ")}`);
  }
  return values;
}

// XEP-0004 §3.3: the lexical forms of xs:boolean
function readBoolean(value: string, name: string): string {
  if (value === "1" || value === "true") return "1";
  if (value === "0" || value === "false") return "0";
  throw new InvalidInput(`the field ${name} is true or false`);
}

function fieldElement(field: FormField, formType: FormType): Element {
  // XEP-0004 §3.2: an answer need not say the type of its fields
  const isTold = formType !== "submit" || field.type === "hidden";
  return xml(
    "field",
    { var: field.name, type: isTold ? field.type : undefined, label: field.label },
    field.description === undefined ? undefined : xml("desc", {}, field.description),
    field.isRequired === true ? xml("required") : undefined,
    ...(field.values ?? []).map((value) => xml("value", {}, value)),
    ...(field.options ?? []).map(({ value, label }) => xml("option", { label }, xml("value", {}, value))),
  );
}

function isFormType(type: string | undefined): type is FormType {
  return type !== undefined && ["form", "submit", "cancel", "result"].includes(type);
}
