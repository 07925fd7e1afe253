import { readFileSync } from "node:fs";
import { isSupportedCountry } from "libphonenumber-js/max";
import { z } from "zod";
import { InvalidInput } from "../../src/errors.js";
import { isPhoneNumber } from "../../src/phone-number.js";

const country = z.string().refine(isSupportedCountry, "is not a country (ISO 3166, two capital letters)");
const timeoutMs = z.int().min(100).max(60_000).default(5000);
/** Tries in all, the first included. */
const attempts = z.int().min(1).max(5).default(3);

/** One more every so many seconds, and at most `burst` saved up. */
function rate(burst: number, everySeconds: number) {
  return z
    .strictObject({
      burst: z.int().min(1).max(1_000_000).default(burst),
      everySeconds: z.number().min(0.001).max(31_536_000).default(everySeconds),
    })
    .prefault({});
}

const httpRequest = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  method: z.enum(["GET", "POST", "PUT"]).default("POST"),
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/, "is not a header name"), z.string()).default({}),
  /** Placeholders: {number} {code} {text} {channel} {secret}, written as the content type wants them. */
  body: z.string().default(""),
  contentType: z.string().min(1).default("application/json"),
  timeoutMs,
  attempts,
  /** Text that a good answer's body contains, for services that say "failed" with status 200. */
  expectBody: z.string().min(1).optional(),
});

const http = httpRequest.extend({
  /** Takes the place of {secret}; or `secretFile`, or TWOTICK_SIGN_UP_SECRET in the environment. */
  secret: z.string().min(1).optional(),
  secretFile: z.string().min(1).optional(),
  /** How voice calls are asked for; without it there are none. */
  voice: httpRequest.optional(),
});

const command = z.strictObject({
  /** Program and arguments, run without a shell; the same placeholders. */
  run: z.array(z.string().min(1)).min(1),
  /** What the program reads from standard input; the same placeholders. */
  stdin: z.string().default("{code}\n"),
  channels: z
    .array(z.enum(["sms", "voice"]))
    .min(1)
    .default(["sms"]),
  timeoutMs,
  attempts,
});

const limits = z
  .strictObject({
    /** Sign-ups begun for one number. */
    number: rate(5, 288 * 60),
    /** Codes sent to numbers that differ in their last four digits only. */
    prefix: rate(30, 120),
    /** Codes sent to one country. */
    country: rate(1000, 60),
    /** Sign-ups begun from one IPv4 address or IPv6 /64. */
    address: rate(10, 600),
    /** Sign-ups begun from one IPv4 /24 or IPv6 /48. */
    network: rate(100, 60),
    /** Numbers that one account tries to link. */
    account: rate(5, 3600),
    /** Wrong registration PINs for one number. */
    pin: rate(5, 6 * 3600),
  })
  .prefault({});

const breaker = z
  .strictObject({
    /** Opens when a smaller share of a country's sign-ups than this ends with the right code; 0 is never. */
    minShare: z.number().min(0).max(1).default(0.15),
    /** Sign-ups that have to have ended before the share counts. */
    minSignUps: z.int().min(5).max(100_000).default(50),
    /** How long no code is sent to the country. */
    openMinutes: z.number().min(0.01).max(10_080).default(60),
    /** Sign-ups let through after that, to see whether their codes get used. */
    trials: z.int().min(1).max(1000).default(10),
  })
  .prefault({});

/** The options of the section `sign_up`. */
export const signUpSchema = z
  .strictObject({
    /** Who carries codes; `none` leaves the test numbers. */
    provider: z.enum(["none", "console", "http", "command"]).default("none"),
    /** Allows the provider `console`, which shows codes to whoever sees the terminal. */
    development: z.boolean().default(false),
    http: http.optional(),
    command: command.optional(),
    /** What a message says; `{code}` is the code. */
    text: z.string().includes("{code}").max(300).default("{code} is your code. Tell it to nobody."),
    /** Countries to which codes are sent; `["*"]` is all. */
    countries: z.array(z.union([z.literal("*"), country])).optional(),
    /** The country of numbers that are given in national form. */
    defaultCountry: country.optional(),
    /** Codes sent a day (UTC), all together. */
    dailyBudget: z.int().min(1).max(10_000_000).default(1000),
    limits,
    breaker,
    /** Numbers with a fixed code, for tests and reviewers: nothing is sent and no limit on sending counts. */
    testNumbers: z
      .record(
        z.string().refine(isPhoneNumber, "is not a number like +15551230001"),
        z.string().regex(/^\d{6}$/, "is not a code of 6 digits"),
      )
      .default({}),
    /** Whether people may choose the localpart of their account. */
    chosenLocalparts: z.boolean().default(true),
    /** Whether newcomers may have an invitation that opens an app, where the host makes them. */
    invitations: z.boolean().default(true),
  })
  .superRefine(checkProvider);

/** The options of sign-up with their defaults filled in. */
export type SignUpConfig = z.infer<typeof signUpSchema>;

interface ProviderOptions {
  readonly provider: "none" | "console" | "http" | "command";
  readonly development: boolean;
  readonly http?: unknown;
  readonly command?: unknown;
  readonly countries?: readonly string[] | undefined;
}

function checkProvider(options: ProviderOptions, context: z.RefinementCtx): void {
  const fault = (path: string, message: string): void => {
    context.addIssue({ code: "custom", path: [path], message });
  };
  const { provider } = options;
  if (provider === "console" && !options.development)
    fault("provider", 'is "console", which shows codes on the terminal: set development = true to allow it');
  if (provider === "http" && !options.http) fault("http", 'is missing: provider is "http"');
  if (provider === "command" && !options.command) fault("command", 'is missing: provider is "command"');
  if ((provider === "http" || provider === "command") && !options.countries)
    fault("countries", 'is missing: name the countries to which codes are sent, or ["*"]');
}

/** The environment variable that may hold what `{secret}` stands for. */
const SECRET_VARIABLE = "TWOTICK_SIGN_UP_SECRET";

/**
 * What `{secret}` stands for: from the environment, a file or the option; empty where no provider asks for one.
 *
 * @throws {InvalidInput} when a template names it and it cannot be had
 */
export function providerSecret({ provider, http }: SignUpConfig, environment: NodeJS.ProcessEnv): string {
  if (provider !== "http" || !http) return "";
  const given = environment[SECRET_VARIABLE] ?? fromFile(http.secretFile) ?? http.secret;
  if (given === undefined && JSON.stringify(http).includes("{secret}")) {
    throw new InvalidInput(
      `sign_up.http.secret: is named in a template but missing (or sign_up.http.secret_file, or ${SECRET_VARIABLE} in the environment)`,
    );
  }
  return given ?? "";
}

function fromFile(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new InvalidInput(`sign_up.http.secret_file: cannot be read: ${(error as Error).message}`, error);
  }
}
