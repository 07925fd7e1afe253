import type { Command } from "commander";
import type { LimitLeft } from "../../component/admin/overview.js";
import type { BreakerRow } from "../../component/admin/overview-store.js";
import { answersJson, readNumber } from "../command.js";
import { runningComponent } from "../config.js";
import type { Shell } from "../shell.js";

const EXAMPLE: LimitLeft = { limit: "sign-ups", left: 2, of: 5, fullAt: 1767277440000 };
const BREAKER: BreakerRow = { country: "FR", state: "open", since: 1767225600000 };

interface Answer {
  readonly limits: readonly LimitLeft[];
  readonly countries?: readonly BreakerRow[];
}

/** Defines `twotick admin limits`. */
export function define(command: Command, shell: Shell): void {
  command.description("Limits of sign-up and of looking numbers up.");
  const show = command
    .command("show")
    .description(
      "what is left of a number's limits; without a number, of today's codes, and countries that get none",
    )
    .argument("[number]", "in international form: +15551230001", readNumber)
    .action(async (number: string | undefined) => {
      const component = runningComponent(show, shell.terminal.env);
      const answer =
        number === undefined
          ? await component.read<Answer>("GET", "limits")
          : await component.read<Answer>("POST", "limits", { number });
      for (const row of answer.limits) shell.output.tell(row, describe(row));
      for (const row of answer.countries ?? []) shell.output.tell(row, describeBreaker(row));
    });
  answersJson(
    show,
    { example: EXAMPLE, lines: "for each limit: `sign-ups`, `pin`, `lookups`, or `daily-budget`" },
    { example: BREAKER, lines: "for each country whose breaker is open" },
  );
  const reset = command
    .command("reset")
    .description("let a number sign up, try its PIN and look numbers up as if it had not yet")
    .argument("<number>", "in international form", readNumber)
    .action(async (number: string) => {
      await runningComponent(reset, shell.terminal.env).ask("POST", "limits/reset", { number });
      shell.output.tell({ status: "done" }, "Its limits are as if nothing had been used.");
    });
  answersJson(reset, { example: { status: "done" } });
}

function describe({ limit, left, of, fullAt }: LimitLeft): string {
  const until = fullAt === null ? "" : `, all again at ${new Date(fullAt).toISOString()}`;
  return `${limit}: ${left} of ${of} left${until}`;
}

function describeBreaker({ country, state, since }: BreakerRow): string {
  return `codes to ${country}: the breaker is ${state} since ${new Date(since).toISOString()}`;
}
