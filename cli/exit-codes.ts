import { InvalidInput, LinkError, TwotickError } from "../src/errors.js";

/** What `twotick` exits with. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  interrupted: 130,
} as const;

/** What each exit code says, for the documentation. */
export const EXIT_MEANINGS: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.done, "done; `start`, `component` and `chat`: ended as asked"],
  [EXIT.failed, "it could not be done, or `doctor` found something broken"],
  [EXIT.usage, "an option, an argument or a configuration is wrong: the same again fails again"],
  [EXIT.unreachable, "the component, the sign-up or the server does not answer: it may later"],
  [EXIT.interrupted, "a question was not answered (Ctrl-C)"],
];

/** The person at the terminal broke a question off. */
export class Interrupted extends TwotickError {
  constructor() {
    super("interrupted", "broken off");
  }
}

const UNREACHABLE: ReadonlySet<string> = new Set(["not-running", "unreachable"]);

/** What a command that failed exits with. */
export function exitCodeOf(error: TwotickError): number {
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof InvalidInput) return EXIT.usage;
  // What the server refused it refuses again
  if (error instanceof LinkError) return error.isFatal ? EXIT.failed : EXIT.unreachable;
  return UNREACHABLE.has(error.code) ? EXIT.unreachable : EXIT.failed;
}
