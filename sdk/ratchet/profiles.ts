import { axolotl } from "./axolotl.js";
import { MalformedState } from "./errors.js";
import { omemo2 } from "./omemo2.js";
import type { Profile } from "./profile.js";

/** Every profile there is; another one is a file of its own and an entry here. */
const PROFILES: readonly Profile[] = [axolotl, omemo2];

/** The profile with this id. @throws MalformedState when there is none */
export function profileById(id: number): Profile {
  const profile = PROFILES.find((candidate) => candidate.id === id);
  if (!profile) throw new MalformedState(`there is no profile ${id}`);
  return profile;
}
