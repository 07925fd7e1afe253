import fc from "fast-check";
import { COMMANDS, FORGETFUL } from "./commands.js";
import type { Build } from "./component.js";
import type { Durable } from "./database.js";
import { finish, NUMBERS, Plot } from "./plot.js";
import { Real } from "./real.js";

const MAX_COMMANDS = 40;

/** How a model is run. */
export interface PlayOptions {
  readonly runs: number;
  readonly seed: number;
  /** Whether the story is made as short as it can be, which takes a while. */
  readonly isShrinking?: boolean;
  /** Whether the devices are forgetful: of what takes five sessions in vain, chance alone finds little. */
  readonly isForgetful?: boolean;
}

/** Runs what may happen, in every order that chance finds. @throws with the shortest story that shows a difference */
export async function play(build: Build, open: () => Durable, options: PlayOptions): Promise<void> {
  const { runs, seed, isShrinking = true, isForgetful = false } = options;
  const stories = fc.commands(isForgetful ? FORGETFUL : COMMANDS, { maxCommands: MAX_COMMANDS, size: "max" });
  await fc.assert(
    fc.asyncProperty(stories, async (story) => {
      const plot = new Plot();
      const real = new Real(build, open());
      await fc.asyncModelRun(async () => {
        await begin(plot, real);
        return { model: plot, real };
      }, story);
      await finish(plot, real);
    }),
    { numRuns: runs, seed, endOnFailure: !isShrinking },
  );
}

/** Two people who are online, one in each form, so that no story has to begin with their coming. */
async function begin(plot: Plot, real: Real): Promise<void> {
  await real.component.start();
  plot.now = real.clock.now();
  for (const number of NUMBERS.slice(0, 2)) {
    const deviceId = plot.newDeviceId();
    const device = plot.register(number, deviceId);
    await real.register(number, deviceId);
    plot.attach(device, 0);
    await real.attach(real.device(deviceId), { isFramed: number === NUMBERS[1] });
    await real.calm();
  }
}
