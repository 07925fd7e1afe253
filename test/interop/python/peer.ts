import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { LinePeer } from "../line-peer.js";

/** The distribution's own Python, because its packages are for no other. */
const PYTHON = "/usr/bin/python3";
const PROGRAM = fileURLToPath(new URL("peer.py", import.meta.url));

/** The independent OMEMO libraries in Python: 0.3 and 2. */
export type PythonLibrary = "oldmemo" | "twomemo";

/** A device over python-oldmemo or python-twomemo with one-time prekeys 1 to 4. */
export class PythonPeer extends LinePeer {
  /** Starts the program. */
  constructor(library: PythonLibrary) {
    super(PYTHON, [PROGRAM, library]);
  }
}

/** @throws Error that names the package when the library is missing */
export function requireLibrary(library: PythonLibrary): void {
  try {
    execFileSync(PYTHON, ["-c", `import ${library}`], { stdio: "pipe" });
  } catch (cause) {
    throw new Error(`the ${library} peer cannot start; it takes: apt-get install python3-${library}`, {
      cause,
    });
  }
}
