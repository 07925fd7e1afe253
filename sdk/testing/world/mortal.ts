import { existsSync } from "node:fs";

const SETPRIV = "/usr/bin/setpriv";

/**
 * What a process is started through so that it dies with the process that started it, however that ends.
 *
 * Linux has a signal for it (PR_SET_PDEATHSIG) and util-linux a program that asks for it; elsewhere there is nothing.
 */
export const MORTAL: readonly string[] = existsSync(SETPRIV) ? [SETPRIV, "--pdeathsig", "KILL", "--"] : [];
