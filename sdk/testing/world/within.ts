import { TwotickError } from "../../../src/errors.js";

/** Waits for something that has to end. @throws {TwotickError} `timeout` when it does not within the deadline, saying what did not */
export async function within<Result>(
  what: string,
  deadlineMs: number,
  work: Promise<Result>,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new TwotickError("timeout", `not within ${deadlineMs} ms: ${what}`)),
      deadlineMs,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
