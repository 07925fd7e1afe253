/** What every part of the bench may be told. */
export interface BenchOptions {
  /** How often each measurement is repeated; rows show the median and every run. */
  readonly rounds: number;
  /** Whether the sizes are those that take many minutes. */
  readonly isLong: boolean;
  /** Whether the sizes are tiny: only to see that it runs. */
  readonly isSmoke: boolean;
}
