import { Client } from "../../client/client.js";
import { signUpDevice } from "../../client/sign-up.js";
import { openMemoryStorage } from "../../storage/memory.js";
import type { Storage } from "../../storage/port.js";
import type { World } from "../world/world.js";
import type { ResolvedScenario } from "./scenario.js";

/** Somebody of a load: a device of the SDK. */
export interface LoadPerson {
  readonly number: string;
  readonly client: Client;
  readonly storage: Storage;
}

/** One who writes, and those to whom each message goes. */
export interface LoadConversation {
  readonly from: LoadPerson;
  readonly to: readonly LoadPerson[];
}

/** So many come at a time. */
const AT_ONCE = 8;

/** Signs up everybody of a scenario, and brings them online. */
export async function gather(world: World, scenario: ResolvedScenario): Promise<LoadConversation[]> {
  const { pairs, groups } = scenario;
  const sizes = [...Array<number>(pairs).fill(1), ...Array<number>(groups.count).fill(groups.size)];
  const total = sizes.reduce((sum, size) => sum + size + 1, 0);
  const people: LoadPerson[] = [];
  try {
    while (people.length < total) {
      const some = Array.from({ length: Math.min(AT_ONCE, total - people.length) }, () => arrive(world));
      people.push(...(await Promise.all(some)));
    }
  } catch (error) {
    await disperse(people);
    throw error;
  }
  return sizes.map((size) => {
    const [from, ...to] = people.splice(0, size + 1);
    return { from: from as LoadPerson, to };
  });
}

/** Takes people offline. */
export async function disperse(people: readonly LoadPerson[]): Promise<void> {
  await Promise.all(people.map(({ client }) => client.stop()));
  for (const { storage } of people) storage.close();
}

async function arrive(world: World): Promise<LoadPerson> {
  const number = world.freshNumber();
  const storage = openMemoryStorage();
  const session = await signUpDevice({ storage, api: world.api, number });
  await session.verify(await world.codeFor(number));
  const client = await Client.open({ storage, service: world.service });
  await client.start();
  return { number, client, storage };
}
