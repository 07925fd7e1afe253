import { InvalidInput } from "../../src/errors.js";
import type { Context } from "./context.js";
import {
  type CommandContext,
  type Filtered,
  type FilterQuery,
  heard,
  type HearsContext,
  isFilterQuery,
  matches,
  readCommand,
} from "./filters.js";
import { chain, functionOf, type Middleware, type MiddlewareFn } from "./middleware.js";

const COMMAND_NAME = /^[a-z0-9_-]{1,32}$/;

/**
 * Puts handlers together. Each is asked in the order in which it was added; the first that does not call `next` has
 * answered. What a method adds is answered as a composer of its own, to which more can be added.
 */
export class Composer<C extends Context = Context> {
  readonly #steps: MiddlewareFn<C>[];

  /** @param middleware the first handlers */
  constructor(...middleware: Middleware<C>[]) {
    this.#steps = middleware.map((one) => functionOf(one));
  }

  /** All of it as one middleware. */
  middleware(): MiddlewareFn<C> {
    return (ctx, next) => chain(this.#steps)(ctx, next);
  }

  /** Adds handlers for everything. */
  use(...middleware: Middleware<C>[]): Composer<C> {
    const added = new Composer<C>(...middleware);
    this.#steps.push(functionOf(added));
    return added;
  }

  /**
   * Adds handlers for what passes one of the filters; the type of their context says what it then has.
   *
   * @example
   * bot.on("message:text", (ctx) => ctx.reply(ctx.text));
   * bot.on(["reaction", "retraction"], (ctx) => console.log(ctx.of));
   * @throws {InvalidInput} for a filter that there is not
   */
  on<Query extends FilterQuery>(
    query: Query | readonly Query[],
    ...middleware: Middleware<Filtered<C, Query>>[]
  ): Composer<Filtered<C, Query>> {
    const queries: readonly Query[] = typeof query === "string" ? [query] : query;
    for (const one of queries)
      if (!isFilterQuery(one)) throw new InvalidInput(`there is no filter ${String(one)}`);
    return this.filter(
      (ctx): ctx is Filtered<C, Query> => queries.some((one) => matches(one, ctx.item)),
      ...middleware,
    );
  }

  /**
   * Adds handlers for a command: `/name`, and what follows in `ctx.command.args`. Upper and lower case are the same.
   *
   * @throws {InvalidInput} for a name that is not 1 to 32 letters, digits, `_` or `-`
   */
  command(
    name: string | readonly string[],
    ...middleware: Middleware<CommandContext<C>>[]
  ): Composer<CommandContext<C>> {
    const names = (typeof name === "string" ? [name] : name).map((one) => one.toLowerCase());
    if (!names.every((one) => COMMAND_NAME.test(one)))
      throw new InvalidInput("the name of a command is 1 to 32 letters, digits, _ or -, without a slash");
    return this.#match((ctx) => {
      const command = readCommand(ctx.text ?? "");
      return command && names.includes(command.name) ? { command } : undefined;
    }, middleware);
  }

  /** Adds handlers for messages that are a text, whatever its case, or in which an expression matches: `ctx.match`. */
  hears(
    trigger: string | RegExp | readonly (string | RegExp)[],
    ...middleware: Middleware<HearsContext<C>>[]
  ): Composer<HearsContext<C>> {
    const triggers = typeof trigger === "string" || trigger instanceof RegExp ? [trigger] : trigger;
    return this.#match((ctx) => {
      for (const one of triggers) {
        const match = heard(one, ctx.text ?? "");
        if (match) return { match };
      }
      return undefined;
    }, middleware);
  }

  /** Adds handlers for what a question of one's own lets through; it may narrow the type of their context. */
  filter<Narrow extends C>(
    isWanted: (ctx: C) => ctx is Narrow,
    ...middleware: Middleware<Narrow>[]
  ): Composer<Narrow>;
  filter(isWanted: (ctx: C) => boolean | Promise<boolean>, ...middleware: Middleware<C>[]): Composer<C>;
  filter(isWanted: (ctx: C) => boolean | Promise<boolean>, ...middleware: Middleware<C>[]): Composer<C> {
    const added = new Composer<C>(...middleware);
    this.#steps.push(async (ctx, next) => {
      await ((await isWanted(ctx)) ? added.middleware()(ctx, next) : next());
    });
    return added;
  }

  /** Adds handlers of which some are for what passes, the others for the rest. */
  branch(isFirst: (ctx: C) => boolean | Promise<boolean>, first: Middleware<C>, other: Middleware<C>): void {
    this.#steps.push(async (ctx, next) => {
      await functionOf((await isFirst(ctx)) ? first : other)(ctx, next);
    });
  }

  /**
   * Adds handlers whose errors are handled here: what `onError` does not throw again counts as dealt with, the
   * message is acknowledged, and what the session was changed to is kept.
   */
  errorBoundary(onError: (error: unknown, ctx: C) => unknown, ...middleware: Middleware<C>[]): Composer<C> {
    const added = new Composer<C>(...middleware);
    this.#steps.push(async (ctx, next) => {
      let isPassedOn = false;
      try {
        await added.middleware()(ctx, async () => {
          isPassedOn = true;
        });
      } catch (error) {
        await onError(error, ctx);
        return;
      }
      // What comes after it is not its own
      if (isPassedOn) await next();
    });
    return added;
  }

  #match<Narrow extends C>(
    find: (ctx: C) => object | undefined,
    middleware: readonly Middleware<Narrow>[],
  ): Composer<Narrow> {
    const added = new Composer<Narrow>(...middleware);
    this.#steps.push(async (ctx, next) => {
      const found = matches("message", ctx.item) ? find(ctx) : undefined;
      if (!found) return await next();
      const before = { command: ctx.command, match: ctx.match };
      Object.assign(ctx, found);
      await added.middleware()(ctx as Narrow, async () => {
        Object.assign(ctx, before);
        await next();
      });
    });
    return added;
  }
}
