import { InvalidInput } from "../../src/errors.js";

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Reads a duration: milliseconds, or a text such as `90s`, `1h 30m`, `2d`. @throws {InvalidInput} */
export function durationMs(duration: number | string): number {
  if (typeof duration === "number") return checked(duration);
  const parts = [...duration.matchAll(/\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*/gy)];
  const isWhole = parts.reduce((length, [text]) => length + text.length, 0) === duration.length;
  if (parts.length === 0 || !isWhole) throw new InvalidInput("a duration is like 90s, 1h 30m or 2d");
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit ?? ""] ?? Number.NaN), 0);
}

function checked(ms: number): number {
  if (!(ms >= 0 && Number.isFinite(ms))) throw new InvalidInput("a duration is not negative");
  return ms;
}
