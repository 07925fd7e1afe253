/** Calls what comes after; resolves when that is done. */
export type NextFunction = () => Promise<void>;

/** A step in the handling of a message: answers it, or calls `next` to leave it to the steps after. */
export type MiddlewareFn<C> = (ctx: C, next: NextFunction) => unknown;

/** A middleware function, or what holds one: a composer. */
export type Middleware<C> = MiddlewareFn<C> | { middleware(): MiddlewareFn<C> };

/** The function of a middleware. */
export function functionOf<C>(middleware: Middleware<C>): MiddlewareFn<C> {
  return typeof middleware === "function" ? middleware : (ctx, next) => middleware.middleware()(ctx, next);
}

/** One middleware after the other, as one. A `next` that is called twice throws. */
export function chain<C>(steps: readonly MiddlewareFn<C>[]): MiddlewareFn<C> {
  return (ctx, next) => {
    const run = async (index: number): Promise<void> => {
      const step = steps[index];
      if (!step) return await next();
      let isCalled = false;
      await step(ctx, () => {
        if (isCalled) throw new Error("next() was called twice by the same middleware");
        isCalled = true;
        return run(index + 1);
      });
    };
    return run(0);
  };
}
