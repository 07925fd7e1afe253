import fc from "fast-check";
import { compare } from "./compare.js";
import type { Fate } from "./database.js";
import type { Plot } from "./plot.js";
import type { Real } from "./real.js";

const STEP_MS = 10;

/** One thing that may happen. */
export type Command = fc.AsyncCommand<Plot, Real>;

/** What happens, to the model and to the product. */
export interface Happening<Choice> {
  /** How it reads in a counterexample. */
  tell(choice: Choice): string;
  /** Whether it can happen now. */
  can?(plot: Plot, choice: Choice): boolean;
  happen(plot: Plot, real: Real, choice: Choice): Promise<void>;
}

/** Makes a command of what happens; after it, everything is compared. */
export function command<Choice>(
  choices: fc.Arbitrary<Choice>,
  happening: Happening<Choice>,
): fc.Arbitrary<Command> {
  return choices.map((choice) => ({
    check: (plot: Readonly<Plot>) => happening.can?.(plot as Plot, choice) ?? true,
    async run(plot: Plot, real: Real): Promise<void> {
      real.clock.jump(STEP_MS);
      plot.now = real.clock.now();
      await happening.happen(plot, real, choice);
      await real.calm();
      compare(plot, real);
    },
    toString: () => happening.tell(choice),
  }));
}

/** Chooses one of a few things. */
export const pick = fc.nat(5);

/** When the process dies, if it does: mostly it goes on, so that something can come of what was asked. */
export const fate = fc.oneof(
  { weight: 5, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom<Fate>("before the commit", "after the commit") },
);

/** The thing that a number chooses. */
export function one<Thing>(things: readonly Thing[], index: number): Thing {
  return things[index % things.length] as Thing;
}

/** What a counterexample says of it. */
export function after(when: Fate | undefined): string {
  return when ? `, and the process dies ${when}` : "";
}
