import { z } from "zod";

/** The options of the section `welcome`: the web page for newcomers. */
export const welcomeSchema = z.strictObject({
  /** Whether there is the page, at `/welcome/` of the HTTP API. */
  enabled: z.boolean().default(false),
  /** What the page calls the service; the host's domain unless given. */
  serviceName: z.string().trim().min(1).max(60).optional(),
  /** Apps that the page names to who has none yet. */
  apps: z
    .array(z.string().trim().min(1).max(60))
    .max(10)
    .default(["Conversations (Android)", "Monal (iPhone)"]),
});
