import { InvalidInput } from "../../../src/errors.js";
import type { HeardWord, SaidWord, WorldDevice } from "./device.js";

/** Somebody in a world: a number and devices. What a person does is done on the first of them. */
export class WorldPerson {
  readonly name: string;
  /** E.164. */
  readonly number: string;
  readonly devices: WorldDevice[] = [];
  readonly #link: (device: string) => Promise<WorldDevice>;

  /** Made by the world. */
  constructor(name: string, number: string, link: (device: string) => Promise<WorldDevice>) {
    this.name = name;
    this.number = number;
    this.#link = link;
  }

  /** The first device. */
  get device(): WorldDevice {
    const [first] = this.devices;
    if (!first) throw new InvalidInput(`${this.name} has no device`);
    return first;
  }

  /** Links a further device and brings it online. @param name what it is called: `laptop` */
  async addDevice(name: string): Promise<WorldDevice> {
    return await this.#link(name);
  }

  /** See {@link WorldDevice.say}. */
  say(to: WorldPerson | string, text: string): Promise<SaidWord> {
    return this.device.say(to, text);
  }

  /** See {@link WorldDevice.hears}. */
  hears(
    from: WorldPerson | string,
    expected: string | RegExp,
    options?: { readonly timeoutMs?: number },
  ): Promise<HeardWord> {
    return this.device.hears(from, expected, options);
  }

  /** See {@link WorldDevice.reads}. */
  reads(word: { readonly id: string }): Promise<void> {
    return this.device.reads(word);
  }
}
