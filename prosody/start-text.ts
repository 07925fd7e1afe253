import type { DataFolder } from "./data-folder.js";
import type { ProsodyProcess } from "./prosody.js";

/** Numbers of the range that is kept free for stories: nobody has them. */
const EXAMPLE_NUMBER = "+15551230001";
const BOT_NUMBER = "+15551230009";

/**
 * Says in plain words what a development start has started, where it is and what to try next.
 *
 * @param options where the HTTP API listens
 */
export function describeStart(
  options: { readonly interface: string; readonly httpPort: number },
  prosody: ProsodyProcess,
  folder: DataFolder,
): string {
  const address = options.interface.includes(":") ? `[${options.interface}]` : options.interface;
  const api = `http://${address}:${options.httpPort}`;
  const json = "-H 'content-type: application/json'";
  return `
Twotick is running. It listens on this machine only, and its connections are not encrypted: it is for development.

  Prosody      ${prosody.service}  accounts are name@${prosody.host}
  component    ${prosody.componentDomain}  a person's address is ${EXAMPLE_NUMBER}@${prosody.componentDomain}
  HTTP         ${api}  sign-up; also /livez, /readyz and /metrics
  data         ${folder.path}
  logs         ${prosody.logPath}
               ${folder.logPath}

Sign somebody up. The code is shown here, as if this terminal were the phone:

  curl -s ${api}/v1/sign-ups ${json} \\
    -d '{"number": "${EXAMPLE_NUMBER}"}'
  curl -s ${api}/v1/sign-ups/SESSION/verification ${json} \\
    -d '{"code": "CODE"}'

with the session of the first answer. Or, in another terminal, let a bot with a number of its own echo messages:

  TWOTICK_NUMBER=${BOT_NUMBER} TWOTICK_API=${api} TWOTICK_SERVICE=${prosody.service} npx tsx examples/echo.ts

Ctrl-C stops everything; the next start finds all data again.
`;
}
