/** Asks the component, with the token that this tab was opened with. */

const KEPT = "twotick-dashboard-token";

/** The token is missing, wrong or too old. */
export class SignedOut extends Error {}

/** The token of this tab; it comes behind the `#` of a link, which goes to no server. */
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    keepToken(given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(KEPT);
}

/** Keeps a token until the tab is closed, or forgets it. @param {string | undefined} token */
export function keepToken(token) {
  if (token) sessionStorage.setItem(KEPT, token);
  else sessionStorage.removeItem(KEPT);
}

/**
 * Asks and answers what came back.
 *
 * @param {"GET" | "POST"} method @param {string} path below `v1/`
 * @throws {SignedOut} @throws {Error} whose message is for people
 */
export async function ask(method, path) {
  const headers = { authorization: `Bearer ${sessionStorage.getItem(KEPT) ?? ""}` };
  const response = await fetch(`v1/${path}`, { method, headers, signal: AbortSignal.timeout(15_000) });
  if (response.status === 401) throw new SignedOut("The token is wrong or too old.");
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.title ?? `The service answered ${response.status}.`);
  return answer;
}
