import { z } from "zod";

/** The options of the section `dashboard`: the page on which an admin sees what the component does. */
export const dashboardSchema = z.strictObject({
  /** Whether there is the page, at `/dashboard/` of the HTTP API. */
  enabled: z.boolean().default(true),
  /** What a code costs, by calling code (`49`) or country (`DE`), which goes first. */
  prices: z
    .record(
      z
        .string()
        .regex(
          /^(?:[A-Z]{2}|[1-9]\d{0,2})$/,
          "is neither a calling code nor a country of two capital letters",
        ),
      z.number().min(0).max(1000),
    )
    .default({}),
  /** What the prices are in. Source: ISO 4217 */
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, "is not a currency of three capital letters")
    .default("USD"),
});

/** The options with their defaults filled in. */
export type DashboardConfig = z.infer<typeof dashboardSchema>;
