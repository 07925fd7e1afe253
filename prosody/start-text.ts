import type { DataFolder } from "./data-folder.js";
import type { ProsodyProcess } from "./prosody.js";

/** Numbers of the range that is kept free for stories: nobody has them. */
const EXAMPLE_NUMBER = "+15551230001";

/** Where a development start listens for HTTP. */
export interface HttpPlace {
  readonly interface: string;
  readonly httpPort: number;
}

/** Where its sign-up API is, as a URL. */
export function apiOf({ interface: host, httpPort }: HttpPlace): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${httpPort}`;
}

/**
 * Says in plain words what a development start has started, where it is and what to try next.
 *
 * @param options where the HTTP API listens
 */
export function describeStart(options: HttpPlace, prosody: ProsodyProcess, folder: DataFolder): string {
  const api = apiOf(options);
  const json = "-H 'content-type: application/json'";
  return `
Twotick is running. It listens on this machine only, and its connections are not encrypted: it is for development.

  Prosody      ${prosody.service}  accounts are name@${prosody.host}
  component    ${prosody.componentDomain}  a person's address is ${EXAMPLE_NUMBER}@${prosody.componentDomain}
  page         ${api}/welcome/  sign-up in a browser, for whoever uses an ordinary XMPP app
  HTTP         ${api}  sign-up; also /livez, /readyz and /metrics
  data         ${folder.path}
  logs         ${prosody.logPath}
               ${folder.logPath}

Sign somebody up. The code is shown here, as if this terminal were the phone:

  curl -s ${api}/v1/sign-ups ${json} \\
    -d '{"number": "${EXAMPLE_NUMBER}"}'
  curl -s ${api}/v1/sign-ups/SESSION/verification ${json} \\
    -d '{"code": "CODE"}'

with the session of the first answer. Or, in another terminal, write to people, or begin a bot:

  npx twotick chat --api ${api} --service ${prosody.service}
  npx twotick bot new my-bot

Ctrl-C stops everything; the next start finds all data again.
`;
}
