import type { OmemoVersionName } from "../port.js";
import type { OmemoVersion } from "./version.js";
import { versionAxolotl } from "./version-axolotl.js";
import { versionOmemo2 } from "./version-omemo2.js";

/** Every version that is spoken, the one that is preferred first. */
export const VERSIONS: readonly OmemoVersion[] = [versionOmemo2, versionAxolotl];

/** Their names, in the same order. */
export const VERSION_NAMES: readonly OmemoVersionName[] = VERSIONS.map(({ name }) => name);
