/** How far one of the two programs implements a specification, in the words of DOAP, and which part of it. */
export type Support = readonly [status: "complete" | "partial", part: string];

/** What is implemented of an XEP, and the tests that show it: paths below `test/`, without `.test.ts`; none if none does. */
export interface Implementation {
  readonly component?: Support;
  readonly sdk?: Support;
  readonly tests: readonly string[];
}
