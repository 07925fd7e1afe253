import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { LinePeer } from "../line-peer.js";

const PROGRAM = fileURLToPath(new URL("peer.mjs", import.meta.url));
const ALIAS = "libsignal-protocol-typescript";

/** The package behind the alias; what has that name itself on npm accepts any MAC. */
const UPSTREAM = { name: "@privacyresearch/libsignal-protocol-typescript", version: "0.0.16" } as const;

/** How upstream words what it refuses. */
const REFUSALS = {
  duplicate: "MessageCounterError-Message-key-",
  badMac: "Error-Bad-MAC",
  usedPreKey: "Error-Bad-MAC",
  forgedBundle: "Error-Invalid-signature",
} as const;

/** A device over upstream libsignal for TypeScript, OMEMO 0.3 only, with one-time prekeys 1 to 4. */
export class LibsignalPeer extends LinePeer {
  /** Starts the program. */
  constructor() {
    super(process.execPath, [PROGRAM], REFUSALS);
  }
}

/** @throws Error that says what to do when the package is missing or another one stands in its place */
export function requireUpstream(): void {
  const wanted = `npm install (it takes ${UPSTREAM.name} ${UPSTREAM.version} under the name ${ALIAS})`;
  let found: { name: string; version: string };
  try {
    const path = createRequire(import.meta.url).resolve(`${ALIAS}/package.json`);
    found = JSON.parse(readFileSync(path, "utf8")) as typeof found;
  } catch (cause) {
    throw new Error(`the libsignal peer cannot start; run: ${wanted}`, { cause });
  }
  if (found.name !== UPSTREAM.name || found.version !== UPSTREAM.version)
    throw new Error(`${ALIAS} is ${found.name} ${found.version}; run: ${wanted}`);
}
