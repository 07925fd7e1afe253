import type { Patch } from "../../support/build.js";
import { after, before, importIn } from "./patches.js";

/** A place in the delivery to ordinary apps at which the component can be made to die. */
export interface AppCrashPoint {
  readonly name: string;
  /** When it is passed: while people write, or when an app is back that died while they did. */
  readonly when: "load" | "return";
}

const HANDLER = "component/apps/handler.ts";
const DELIVERY = "component/apps/delivery.ts";
const ARRIVALS = "component/apps/arrivals.ts";
const RETURNS = "component/apps/returns.ts";

/** Around what comes from apps, what goes to them, and what is noted of it. */
export const APP_CRASH_POINTS: readonly AppCrashPoint[] = [
  { name: "an app's message is committed and offered to nobody", when: "load" },
  { name: "entries have gone to an app and nothing is noted", when: "load" },
  { name: "an app has answered and nothing has ended", when: "load" },
  { name: "entries of an app have ended and nobody is told", when: "load" },
  { name: "entries are about to go again", when: "return" },
];

/** Where the points are, in a copy of the sources. */
export const APP_CRASH_PATCHES: readonly Patch[] = [
  ...importIn(HANDLER, 'import type { AppDelivery } from "./delivery.js";\n'),
  after(
    HANDLER,
    "    const outcome = await this.#submissions.add(sender, submission);\n",
    "an app's message is committed and offered to nobody",
  ),
  ...importIn(DELIVERY, 'import { AppWriter } from "./writer.js";\n'),
  before(DELIVERY, "    this.#arrivals.sent(session);\n", "entries have gone to an app and nothing is noted"),
  {
    file: DELIVERY,
    find: "store.end(device, seqs, context.clock.now()).then(offerReceipts)",
    replace: `store.end(device, seqs, context.clock.now()).then((made) => {
        failPoint("entries of an app have ended and nobody is told");
        offerReceipts(made);
      })`,
  },
  ...importIn(ARRIVALS, 'import type { AppOperations } from "./store.js";\n'),
  before(
    ARRIVALS,
    "    const { ended, waiting } = session.confirm(mark, context.clock.monotonicMs());\n",
    "an app has answered and nothing has ended",
  ),
  ...importIn(RETURNS, 'import type { Tries } from "./tries-store.js";\n'),
  after(
    RETURNS,
    "await store.sendAgain(session.device, context.clock.now());\n",
    "entries are about to go again",
  ),
];
