import { readFileSync } from "node:fs";
import { addAccount } from "../../../prosody/accounts.js";
import { InvalidInput } from "../../../src/errors.js";
import { newId } from "../../../src/ids.js";
import { signUp } from "../../sign-up/mod.js";
import { World } from "../world/world.js";
import type { PlayFailure } from "./failure.js";
import { hostOf, needsWorld, Performance, type Stage } from "./performance.js";
import { parsePlay } from "./parse-play.js";
import type { Play, ProvenRule } from "./play.js";

/** What may be chosen about a run of plays. */
export interface PlayOptions {
  /**
   * The world to play in, which stays; otherwise one is started for each host that the plays name, and stopped after them.
   *
   * Accounts of `[Client]`s are made on its server.
   */
  readonly world?: World | undefined;
  /** A server that runs, `xmpp://host:port`, for plays of `[Client]`s alone; their accounts have to be there. */
  readonly service?: string | undefined;
  /** Only plays that have all of these tags: `name`, or `name: value`. */
  readonly onlyTags?: readonly string[] | undefined;
  /** No play that has one of these tags. */
  readonly skipTags?: readonly string[] | undefined;
  /** How long an act waits for what has to come; 10,000 unless given. */
  readonly timeoutMs?: number | undefined;
  /** How long "nothing" is waited for; 300 unless given. */
  readonly silenceMs?: number | undefined;
  /** Called with the outcome of each play as soon as it is over. */
  readonly onPlay?: ((result: PlayResult) => void) | undefined;
}

/** How a play went. */
export interface PlayResult {
  readonly file: string;
  readonly title: string;
  readonly rules: readonly ProvenRule[];
  readonly durationMs: number;
  /** Left out by its tags. */
  readonly isSkipped: boolean;
  /** Missing when it went as it is written. */
  readonly failure?: PlayFailure | undefined;
}

/** How all plays went. */
export interface PlaysReport {
  readonly results: readonly PlayResult[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Performs plays, one after the other: scripts in the format of scansion, and with the words of docs/testing.md.
 *
 * What a play fails with stands in its result; nothing is thrown for it. A file that cannot be read as a play fails too.
 *
 * @throws {TwotickError} when a world cannot be started
 * @example
 * const report = await runPlays(["plays/ticks.scs"]);
 * writeFileSync("plays.xml", writeJunit(report));
 */
export async function runPlays(files: readonly string[], options: PlayOptions = {}): Promise<PlaysReport> {
  const worlds = new Worlds(options);
  const results: PlayResult[] = [];
  try {
    for (const file of files) {
      const result = await runPlay(file, options, worlds);
      options.onPlay?.(result);
      results.push(result);
    }
  } finally {
    await worlds.stop();
  }
  const failed = results.filter(({ failure }) => failure).length;
  const skipped = results.filter(({ isSkipped }) => isSkipped).length;
  return { results, passed: results.length - failed - skipped, failed, skipped };
}

async function runPlay(file: string, options: PlayOptions, worlds: Worlds): Promise<PlayResult> {
  const startedAt = performance.now();
  const since = (): number => Math.round(performance.now() - startedAt);
  let play: Play;
  try {
    play = parsePlay(readFileSync(file, "utf8"), file);
  } catch (error) {
    const line = Number(/:(\d+): /.exec((error as Error).message)?.[1] ?? 1);
    const failure = { line, act: "the play as it is written", message: (error as Error).message };
    return { file, title: file, rules: [], durationMs: since(), isSkipped: false, failure };
  }
  const { title, rules } = play;
  const about = { file, title: title || file, rules };
  if (!isWanted(play, options)) return { ...about, durationMs: 0, isSkipped: true };
  const world = await worlds.for(play);
  const failure = await new Performance(play, stageOf(world, options)).run();
  return { ...about, durationMs: since(), isSkipped: false, ...(failure && { failure }) };
}

function isWanted({ tags }: Play, { onlyTags = [], skipTags = [] }: PlayOptions): boolean {
  const has = (tag: string): boolean => {
    const [name = "", value] = tag.split(/:\s*/);
    return tags.has(name) && (value === undefined || tags.get(name) === value);
  };
  return onlyTags.every(has) && !skipTags.some(has);
}

/** The worlds of a run: the one given, or one for each host. */
class Worlds {
  readonly #options: PlayOptions;
  readonly #started = new Map<string | undefined, World>();

  constructor(options: PlayOptions) {
    this.#options = options;
  }

  async for(play: Play): Promise<World | undefined> {
    const { world, service } = this.#options;
    if (world || (service !== undefined && !needsWorld(play))) return world;
    if (service !== undefined) throw new InvalidInput(`${play.file} needs a world, not only a server`);
    // Who names no host plays wherever there is a world
    const [any] = this.#started.values();
    const host = hostOf(play);
    const known = host === undefined ? any : this.#started.get(host);
    if (known) return known;
    const started = await World.start(host === undefined ? {} : { host });
    this.#started.set(started.host, started);
    return started;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#started.values()].map((world) => world.stop()));
  }
}

function stageOf(world: World | undefined, options: PlayOptions): Stage {
  return {
    world,
    service: options.service,
    timeoutMs: options.timeoutMs ?? 10_000,
    silenceMs: options.silenceMs ?? 300,
    async addAccount(localpart, password) {
      if (world) await addAccount(world.server, localpart, password);
    },
    async signUpApp() {
      if (!world) throw new InvalidInput("an app with a number needs a world");
      const session = await signUp({ api: world.api, number: world.freshNumber() });
      const { number } = session.state;
      const { account, password } = await session.verify(await world.codeFor(number));
      const { domain, local: username } = account;
      return { service: world.service, domain, username, password, number, resource: `play-${newId()}` };
    },
  };
}
