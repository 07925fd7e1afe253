import { isAbsolute } from "node:path";
import { readDomain, readPort } from "../command.js";
import type { Questions } from "../questions.js";
import type { Carrier, InitPlan } from "./plan.js";

/** Asks what the options did not say. */
export async function askPlan(
  questions: Questions,
  known: Omit<InitPlan, "carrier">,
  isDomainGiven: boolean,
): Promise<InitPlan> {
  const domain = isDomainGiven
    ? known.domain
    : await questions.text({
        message: "The domain of your accounts (Prosody's VirtualHost)",
        proposal: known.domain,
        fault: faultOf(readDomain),
      });
  const numberDomain = await questions.text({
    message: "The domain of phone numbers; it needs no DNS entry",
    proposal: isDomainGiven ? known.numberDomain : `phone.${domain}`,
    fault: faultOf(readDomain),
  });
  const path = async (message: string, proposal: string): Promise<string> =>
    questions.text({
      message,
      proposal,
      fault: (text) => (isAbsolute(text) ? undefined : "An absolute path."),
    });
  const prosodyConfig = await path("Prosody's configuration", known.prosodyConfig);
  const folder = await path("The folder for Twotick's configuration and secrets", known.folder);
  const store = await path("The component's store", known.store);
  const httpPort = await questions.text({
    message: "The port of sign-up, health and metrics, on loopback",
    proposal: String(known.httpPort),
    fault: faultOf(readPort),
  });
  const carrier = await askCarrier(questions);
  const isIncluded = await questions.isSure(
    `Add one line to ${prosodyConfig} that includes Twotick's part?`,
    true,
  );
  return {
    ...known,
    domain,
    numberDomain,
    prosodyConfig,
    folder,
    store,
    httpPort: Number(httpPort),
    carrier,
    isIncluded,
  };
}

async function askCarrier(questions: Questions): Promise<Carrier> {
  const provider = await questions.choose("Who carries the codes of sign-ups?", [
    { value: "http", label: "an SMS service", hint: "an HTTP request for each code" },
    { value: "command", label: "a program of yours", hint: "called with number and code" },
    { value: "console", label: "nobody: shown on the component's terminal", hint: "for development" },
    { value: "none", label: "nobody yet" },
  ]);
  if (provider === "none" || provider === "console") return { provider };
  const countries = readCountries(
    await questions.text({ message: "To which countries (two letters each, or *)?", proposal: "*" }),
  );
  if (provider === "command")
    return {
      provider,
      countries,
      program: await questions.text({ message: "The program; it gets number and code as arguments" }),
    };
  const url = await questions.text({
    message: "The URL that a code is posted to, as JSON with to and text",
    fault: (text) => (/^https?:\/\//.test(text) ? undefined : "A URL that begins with https://."),
  });
  return {
    provider,
    countries,
    url,
    secret: await questions.secret("The token of the service (Authorization: Bearer)"),
  };
}

/** Reads a list of countries: `DE, FR`. */
export function readCountries(text: string): string[] {
  return text.split(/[\s,]+/).filter((one) => one !== "");
}

function faultOf(read: (text: string) => unknown): (text: string) => string | undefined {
  return (text) => {
    try {
      read(text);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };
}
