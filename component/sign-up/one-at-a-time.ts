/** Lets work under one name wait for the work before it. */
export class OneAtATime {
  /** The last work of each name. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  /** Runs the work when what was begun before under this name has ended, well or not. */
  async run<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#underWay.get(name);
    const mine = (async () => {
      await before?.catch(() => undefined);
      return work();
    })();
    this.#underWay.set(name, mine);
    try {
      return await mine;
    } finally {
      if (this.#underWay.get(name) === mine) this.#underWay.delete(name);
    }
  }
}
