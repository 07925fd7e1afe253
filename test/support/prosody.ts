import { existsSync, readFileSync, rmSync } from "node:fs";
import { after, before } from "mocha";
import { type ProsodyOptions, type ProsodyProcess, startProsody } from "../../prosody/prosody.js";

import { MORTAL } from "./mortal.js";
import { sweepFolders, temporaryFolder } from "./temporary-folder.js";

export { addAccount } from "../../prosody/prosody.js";
export { temporaryFolder } from "./temporary-folder.js";

/** What a test may choose about its Prosody; the data folder is a temporary one. */
export type TestProsodyOptions = Omit<ProsodyOptions, "dataDir">;

/** A Prosody in a temporary folder, and what ends it and removes the folder. */
export interface TemporaryProsody {
  prosody: ProsodyProcess;
  remove(): Promise<void>;
}

let sweep: Promise<unknown> | undefined;

/** Starts a real Prosody on free loopback ports with a temporary folder; the caller removes it. */
export async function temporaryProsody(options: TestProsodyOptions = {}): Promise<TemporaryProsody> {
  // Once a run, before it leaves anything behind itself
  await (sweep ??= sweepFolders());
  const dataDir = temporaryFolder();
  const removeFolder = (): void => rmSync(dataDir, { recursive: true, force: true });
  try {
    const prosody = await startProsody({ runner: MORTAL, ...options, dataDir });
    return {
      prosody,
      async remove() {
        await prosody.stop();
        removeFolder();
      },
    };
  } catch (error) {
    removeFolder();
    throw error;
  }
}

/**
 * Gives a `describe` block a real Prosody, started before its tests and removed after them.
 *
 * @returns what answers the running process; call it inside hooks and tests only
 */
export function useProsody(options: TestProsodyOptions = {}): () => ProsodyProcess {
  let started: TemporaryProsody | undefined;
  before(async () => {
    started = await temporaryProsody(options);
  });
  after(async () => {
    await started?.remove();
    started = undefined;
  });
  return () => {
    if (!started) throw new Error("Prosody runs inside hooks and tests only");
    return started.prosody;
  };
}

/** What a Prosody has logged so far. */
export function prosodyLog(prosody: ProsodyProcess): string {
  return existsSync(prosody.logPath) ? readFileSync(prosody.logPath, "utf8") : "";
}
