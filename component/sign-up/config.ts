import { z } from "zod";

/** The options of the section `sign_up`. */
export const signUpSchema = z.strictObject({
  provider: z.enum(["console", "http", "command"]).default("console"),
});
