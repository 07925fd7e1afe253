import { InvalidInput } from "../../../src/errors.js";
import type { WorldStep } from "./transcript.js";
import { World, type WorldOptions } from "./world.js";

/**
 * Does what happened in a world again, in a new one: the same steps in the same order, each when the one before is done.
 *
 * Devices are bound, words said, links harmed and parts killed as then; what was heard and ticked has to come again.
 *
 * @param options as the world was started with, but for its people: these join again
 * @returns the new world, as it stands after the last step; the caller checks and stops it
 * @throws what a step throws that does not come again
 */
export async function replayWorld(steps: readonly WorldStep[], options: WorldOptions = {}): Promise<World> {
  const world = await World.start({ ...options, people: [] });
  try {
    for (const step of steps) await perform(world, step);
    return world;
  } catch (error) {
    await world.stop();
    throw error;
  }
}

async function perform(world: World, step: WorldStep): Promise<unknown> {
  switch (step.do) {
    case "join":
      return await join(world, step.who);
    case "say":
      return await world.device(step.who).say(step.to, step.text, step.id);
    case "read":
      return await world.device(step.who).reads(step);
    case "hear":
      return await world.device(step.who).hears(step.from, step.text);
    case "tick":
      return await world.device(step.who).tick(step.id, step.tick);
    case "start":
    case "stop":
    case "kill":
      return await world.device(step.who)[step.do]();
    case "link":
      return world.link(step.which).apply(step.change);
    case "part":
      return await (step.which === "prosody" ? world.prosody : world.component).apply(step.change);
    case "advance":
      return await world.advance(step.ms);
    default:
      throw new InvalidInput(`a transcript with an unknown step: ${JSON.stringify(step)}`);
  }
}

async function join(world: World, who: string): Promise<void> {
  const [name = "", device = ""] = who.split("/");
  const known = world.people.find((person) => person.name === name);
  if (known) await known.addDevice(device);
  else await world.addPerson(name, { devices: [device] });
}
