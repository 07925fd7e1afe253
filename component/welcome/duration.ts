const UNITS = [
  { unit: "day", ms: 86_400_000 },
  { unit: "hour", ms: 3_600_000 },
  { unit: "minute", ms: 60_000 },
  { unit: "second", ms: 1000 },
] as const;

/** Writes how long something takes, in the largest unit of which there are two: "90 minutes", rounded up. */
export function durationIn(language: string, ms: number): string {
  const { unit, ms: unitMs } = UNITS.find((one) => ms >= 2 * one.ms) ?? { unit: "second", ms: 1000 };
  const format = new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" });
  return format.format(Math.ceil(ms / unitMs));
}
