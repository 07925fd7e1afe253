import { InvalidInput } from "../../../src/errors.js";
import type { HeardWord, SaidWord, WorldDevice } from "../world/device.js";
import type { WorldPerson } from "../world/person.js";
import type { Tick } from "../world/transcript.js";
import type { World } from "../world/world.js";
import { PlayMismatch } from "./failure.js";
import type { Act, Character } from "./play.js";

const TICKS: ReadonlySet<string> = new Set(["accepted", "delivered", "read"]);
let performances = 0;

/** Somebody of a play with devices of the SDK. */
export class PersonActor {
  /** The number, from the beginning: others may write before it is signed up. */
  readonly number: string;
  readonly #character: Character;
  readonly #world: World;
  readonly #sealed: Set<string>;
  #person: WorldPerson | undefined;
  readonly #said = new Map<WorldDevice, SaidWord>();
  readonly #heard = new Map<WorldDevice, HeardWord>();

  /** @param sealed the ids of what people of this play have encrypted, and has to arrive so */
  constructor(character: Character, world: World, sealed: Set<string>) {
    this.#character = character;
    this.#sealed = sealed;
    this.#world = world;
    this.number = character.properties.get("number") ?? world.freshNumber();
  }

  /** Does what an act says. @param numberOf the number of somebody of the play */
  async perform(
    act: Act,
    times: { readonly timeoutMs: number; readonly silenceMs: number },
    numberOf: (name: string) => string,
  ): Promise<void> {
    const { verb } = act;
    if (verb === "signs up") return await this.#signUp();
    const [, linked] = /^links a (\S+)$/.exec(verb) ?? [];
    if (linked !== undefined) return void (await this.#present().addDevice(linked));
    const device = this.#device(act.device);
    const [, how, to] = /^(says|encrypts) to (.+)$/.exec(verb) ?? [];
    if (to !== undefined) {
      const word = await device.say(numberOf(to), act.content);
      this.#said.set(device, word);
      if (how === "encrypts") this.#sealed.add(word.id);
      return;
    }
    const [, from, sealed] = /^hears from ([^,]+)(, encrypted)?$/.exec(verb) ?? [];
    if (from !== undefined)
      return await this.#hears(device, numberOf(from), act, sealed !== undefined, times);
    const [, tick] = /^sees (\w+)$/.exec(verb) ?? [];
    if (tick !== undefined && TICKS.has(tick)) return await this.#last(device).until(tick as Tick, times);
    await this.#simple(device, verb, act, times);
  }

  /** Goes offline at the end of the play. */
  async leave(): Promise<void> {
    const running = this.#person?.devices.filter(({ isRunning }) => isRunning) ?? [];
    for (const device of running) device.link.heal();
    await Promise.all(running.map((device) => device.stop()));
  }

  async #simple(
    device: WorldDevice,
    verb: string,
    act: Act,
    { silenceMs }: { readonly silenceMs: number },
  ): Promise<void> {
    if (verb === "hears" && act.content === "nothing") return await hearsNothing(device, silenceMs);
    if (verb === "reads") return await device.reads(this.#heard.get(device) ?? unheard(device));
    if (verb === "loses the link") return device.link.cut();
    if (verb === "falls silent") return device.link.silence();
    if (verb === "finds the link again") return device.link.heal();
    if (verb === "goes offline") return await device.stop();
    if (verb === "comes online") return await device.start();
    throw new InvalidInput(`${this.#character.name} does not know how to do this: ${verb}`);
  }

  async #signUp(): Promise<void> {
    const devices = this.#character.properties
      .get("devices")
      ?.split(",")
      .map((one) => one.trim());
    const name = `${this.#character.name}-${++performances}`;
    this.#person = await this.#world.addPerson(name, { number: this.number, ...(devices && { devices }) });
  }

  async #hears(
    device: WorldDevice,
    from: string,
    act: Act,
    isSealed: boolean,
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<void> {
    const word = await device.hears(from, act.content, { timeoutMs });
    if ((isSealed || this.#sealed.has(word.id)) && !word.isEncrypted)
      throw new PlayMismatch("it was not encrypted", `${act.content} (encrypted)`, `${word.text} (in clear)`);
    this.#heard.set(device, word);
  }

  #present(): WorldPerson {
    if (!this.#person) throw new InvalidInput(`"${this.#character.name} signs up" comes first`);
    return this.#person;
  }

  #device(name: string | undefined): WorldDevice {
    const { devices, device } = this.#present();
    if (name === undefined) return device;
    const found = devices.find((one) => one.name.endsWith(`/${name}`));
    if (!found) throw new InvalidInput(`${this.#character.name} has no ${name}`);
    return found;
  }

  #last(device: WorldDevice): SaidWord {
    const word = this.#said.get(device);
    if (!word) throw new InvalidInput(`${device.name} has said nothing yet`);
    return word;
  }
}

async function hearsNothing(device: WorldDevice, silenceMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, silenceMs));
  const [surplus] = device.unheard;
  if (surplus) throw new PlayMismatch("somebody was heard", "nothing", surplus.text);
}

function unheard(device: WorldDevice): never {
  throw new InvalidInput(`${device.name} has heard nothing yet`);
}
