import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { LinePeer } from "../line-peer.js";

/** The distribution's own Python, because its packages are for no other. */
const PYTHON = "/usr/bin/python3";
const PROGRAM = fileURLToPath(new URL("peer.py", import.meta.url));

/** Names of exceptions of the libraries, which tell a duplicate from a damaged message only in words. */
const REFUSALS = {
  duplicate: "DecryptionFailed",
  badMac: "DecryptionFailed",
  usedPreKey: "KeyExchangeFailed",
  weakKey: "XEdDSAException",
  noPreKey: "KeyExchangeFailed",
  forgedBundle: "KeyExchangeFailed",
} as const;

/** A device over python-oldmemo (0.3) or python-twomemo (2) with one-time prekeys 1 to 4. */
export class PythonPeer extends LinePeer {
  /** Starts the program. @param library `oldmemo` or `twomemo` */
  constructor(library: string) {
    super(PYTHON, [PROGRAM, library], REFUSALS);
  }
}

/** @throws Error that names the package when the library is missing */
export function requireLibrary(library: string): void {
  try {
    execFileSync(PYTHON, ["-c", `import ${library}`], { stdio: "pipe" });
  } catch (cause) {
    throw new Error(`the ${library} peer cannot start; it takes: apt-get install python3-${library}`, {
      cause,
    });
  }
}
