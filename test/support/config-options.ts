import { z } from "zod";
import { configSchema } from "../../component/config.js";

/** One option of the component's configuration, as its schema has it. */
export interface ConfigOption {
  /** As it is written in the file, with its section: `mailbox.window_entries`. */
  readonly name: string;
  /** `undefined` when there is none. */
  readonly default: unknown;
  readonly isRequired: boolean;
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  /** The values that it may have, where they are counted. */
  readonly choices: readonly unknown[] | undefined;
}

interface Schema {
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly unknown[];
}

/** Every option that the configuration may have. */
export function configOptions(): ConfigOption[] {
  return optionsOf(z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" }) as Schema, "");
}

function optionsOf(schema: Schema, prefix: string): ConfigOption[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => {
    const name = `${prefix}${snakeCase(key)}`;
    if (inner.properties) return optionsOf(inner, `${name}.`);
    const { default: value, minimum, maximum, enum: choices } = inner;
    return [
      {
        name,
        default: value,
        isRequired: schema.required?.includes(key) ?? false,
        minimum,
        maximum: maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum,
        choices,
      },
    ];
  });
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
