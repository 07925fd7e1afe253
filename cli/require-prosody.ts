import { SetUpError } from "../prosody/set-up-error.mjs";
import { installPackages, missingNeeds, requireUsableProsody } from "../prosody/set-up-packages.mjs";
import { TwotickError } from "../src/errors.js";
import type { Shell } from "./shell.js";

const PROSODY = {
  program: "prosody",
  packages: ["prosody"],
  why: "the XMPP server that everything runs on",
};

/**
 * Makes sure that there is a Prosody that can be used; one that is missing is installed when the person agrees.
 *
 * @param isAgreed whether nobody has to be asked @throws {TwotickError} `prosody-missing`, saying what to do
 */
export async function requireProsody(shell: Shell, isAgreed: boolean): Promise<void> {
  try {
    requireUsableProsody();
    if (missingNeeds([PROSODY]).length === 0) return;
    if (!isAgreed && !(await isWanted(shell)))
      throw new SetUpError(
        'Prosody is not installed (prosody was not found): install the package "prosody", or start with --yes',
      );
    installPackages([PROSODY], [], (text) => shell.output.remark(text));
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error;
    throw new TwotickError("prosody-missing", error.message, error);
  }
}

async function isWanted(shell: Shell): Promise<boolean> {
  if (!shell.isInteractive) return false;
  const questions = await shell.questions("--yes");
  return questions.isSure("Prosody is missing. Install it from the distribution now (apt-get)?", true);
}
