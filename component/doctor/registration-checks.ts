import type { Config } from "../config.js";
import { warning, type Finding } from "./finding.js";
import type { ProsodyFacts } from "./prosody-facts.js";

/** What apps need to make accounts by invitation. */
const INVITING = ["invites_adhoc", "invites_register"];

/**
 * Checks who can make accounts on the host, and whether those can whom the web page for newcomers invites.
 *
 * @param modules of the host
 */
export function checkRegistration(
  modules: ReadonlySet<string>,
  { host, global }: Pick<ProsodyFacts, "host" | "global">,
  config: Pick<Config, "host" | "welcome" | "signUp">,
): Finding[] {
  const option = (name: "allow_registration" | "registration_invite_only"): boolean | undefined =>
    host?.[name] ?? global[name];
  const { domain } = config.host;
  // mod_register brings register_ibr along where registration is allowed
  const isOpened =
    modules.has("register_ibr") || (modules.has("register") && option("allow_registration") === true);
  const isByInvitation = modules.has("invites_register") && option("registration_invite_only") !== false;
  const found: Finding[] = [];
  if (isOpened && !isByInvitation)
    found.push(
      warning(
        `Anybody can make accounts on ${domain}, without a number and without an invitation.`,
        'Take "register_ibr" out of modules_enabled, or add "invites_register" and set registration_invite_only = true.',
      ),
    );
  if (!config.welcome.enabled || !config.signUp.invitations) return found;
  for (const name of INVITING.filter((one) => !modules.has(one)))
    found.push(
      warning(
        `The module ${name} is not loaded on ${domain}: newcomers get an address and a password, and no link that opens an app.`,
        `Add "${name}" to modules_enabled of the host, or set sign_up.invitations = false.`,
      ),
    );
  return found;
}
