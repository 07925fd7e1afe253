import type { Shell } from "./shell.js";

/** Shows how far long work has come. */
export interface Progress {
  /** @param share from 0 to 1; missing where nobody knows the whole @param text what to say beside it */
  at(share?: number, text?: string): void;
}

const STEPS = 1_000;
const NOWHERE: Progress = { at: () => undefined };

/** Does long work with a bar on standard error, where that is a terminal and results are for a person. */
export async function withProgress<Result>(
  { terminal, output }: Shell,
  title: string,
  work: (progress: Progress) => Promise<Result>,
): Promise<Result> {
  if (terminal.errors.isTTY !== true || output.isJson) return work(NOWHERE);
  const { progress } = await import("@clack/prompts");
  const bar = progress({ max: STEPS, output: terminal.errors });
  let done = 0;
  bar.start(title);
  try {
    const result = await work({
      at(share, text) {
        const next = Math.max(done, Math.min(STEPS, Math.round((share ?? 0) * STEPS)));
        bar.advance(next - done, text === undefined ? title : `${title}: ${text}`);
        done = next;
      },
    });
    bar.clear();
    return result;
  } catch (error) {
    bar.clear();
    throw error;
  }
}
