import type { Config } from "../config.js";
import { fault, type Finding } from "./finding.js";
import { checkClock, checkConfigFile, checkRunning, checkStore } from "./machine-checks.js";
import { checkProsody } from "./prosody-checks.js";
import { ProsodyUnreadable, readProsody, type ProsodyPlaces } from "./prosody-facts.js";

/** What is examined. */
export interface Installation {
  readonly config: Config;
  /** The component's configuration file. */
  readonly configPath: string;
  readonly prosody: ProsodyPlaces;
}

/** Examines an installation: Prosody's configuration, the component's, the store, the clock, and what runs. */
export async function examine({ config, configPath, prosody }: Installation): Promise<Finding[]> {
  return [
    ...examineProsody(config, prosody),
    ...checkConfigFile(configPath, config),
    ...checkStore(config),
    ...checkClock(),
    ...(await checkRunning(config)),
  ];
}

/** Examines Prosody's configuration alone. */
export function examineProsody(config: Config, places: ProsodyPlaces): Finding[] {
  try {
    return checkProsody(readProsody(places, config.host.domain, config.link.domain), config);
  } catch (error) {
    if (!(error instanceof ProsodyUnreadable)) throw error;
    return [
      fault(
        `Prosody's configuration could not be read: ${error.message}`,
        `Run this as root or as Prosody's user; --prosody-config says where it is (${places.configPath}).`,
      ),
    ];
  }
}
