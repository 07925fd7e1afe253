import { getCountryCallingCode, isSupportedCountry } from "libphonenumber-js";
import type { Metrics } from "../metrics.js";
import type { DashboardConfig } from "./config.js";

/** What became of the codes to one country since the component started, and what they cost. */
export interface CountryCodes {
  /** ISO 3166; `ZZ` is unknown. */
  readonly country: string;
  readonly sent: number;
  readonly failed: number;
  readonly used: number;
  /** Of all that were sent; `null` when no price is known. */
  readonly cost: number | null;
}

/** Counts codes by country, the most expensive and then the most asked for first. */
export async function countryCodes(
  metrics: Metrics,
  prices: DashboardConfig["prices"],
): Promise<CountryCodes[]> {
  const counts = new Map<string, { sent: number; failed: number; used: number }>();
  for (const { labels, value } of (await metrics.signUpCodes.get()).values) {
    const country = String(labels["country"]);
    const outcome = String(labels["outcome"]);
    const known = counts.get(country) ?? { sent: 0, failed: 0, used: 0 };
    if (outcome === "sent" || outcome === "failed" || outcome === "used") known[outcome] = value;
    counts.set(country, known);
  }
  return [...counts]
    .map(([country, count]) => {
      const price = priceOf(country, prices);
      return { country, ...count, cost: price === undefined ? null : price * count.sent };
    })
    .sort((a, b) => (b.cost ?? 0) - (a.cost ?? 0) || b.sent - a.sent || (a.country < b.country ? -1 : 1));
}

/** The price of a code to a country: its own, or that of its calling code. */
export function priceOf(country: string, prices: DashboardConfig["prices"]): number | undefined {
  const own = prices[country];
  if (own !== undefined || !isSupportedCountry(country)) return own;
  return prices[getCountryCallingCode(country)];
}
