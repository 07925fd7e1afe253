import { z } from "zod";
import { Jid } from "../../src/jid.js";

const domain = z
  .string()
  .refine((text) => {
    const jid = Jid.tryParse(text);
    return jid !== undefined && jid.local === "" && !jid.isFull;
  }, "is not a domain")
  .toLowerCase();

/** Whether, and how much, people on other servers may write to numbers. */
export const federationSchema = z.strictObject({
  /** Whether they may at all; every person has to allow it as well. */
  allowed: z.boolean().default(false),
  /** The domains they may be on; empty for every one. */
  domains: z.array(domain).default([]),
  /** Messages from one person, and from one domain. */
  messagesADay: z.int().min(1).max(1_000_000).default(200),
  domainMessagesADay: z.int().min(1).max(10_000_000).default(5_000),
  /** Different numbers that one person, and one domain, may try, whether they are anybody's or not. */
  numbersADay: z.int().min(1).max(100_000).default(10),
  domainNumbersADay: z.int().min(1).max(1_000_000).default(200),
});

/** The section `[federation]` of the configuration. */
export type FederationConfig = z.infer<typeof federationSchema>;
