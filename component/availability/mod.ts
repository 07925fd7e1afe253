import type { Clock } from "../../src/clock.js";
import { xml } from "../../src/xml.js";
import type { AccountOperations } from "../accounts/store.js";
import type { Capability, Sender } from "../capability.js";
import type { Log } from "../log.js";
import type { Remote } from "../store/operations.js";
import type { OnlineResources } from "./online-resources.js";

export type { Availability, Caps, Resource } from "./availability.js";

/** Accounts probed at once, and the pause after it: 10,000 accounts take five seconds and a tenth of a core. */
const PROBES_AT_ONCE = 200;
const PAUSE_MS = 100;

/** What probing needs. */
export interface ProbePorts {
  /** The component's own. */
  readonly domain: string;
  readonly link: Sender;
  readonly clock: Clock;
  readonly log: Log;
  readonly accounts: Remote<AccountOperations>;
}

/**
 * Keeps the roll of who is online.
 *
 * The component is on the roster of every account (mod_groups), so it is told without anybody's doing; what
 * changed while the link was down it asks for. Source: RFC 6121 §4.3
 */
export function createAvailability(online: OnlineResources, ports: ProbePorts): Capability {
  let round = 0;
  const probe = async (before: readonly string[]): Promise<void> => {
    const mine = ++round;
    for await (const jids of pagesOf(before, ports.accounts)) {
      // The link came up again meanwhile: a new round has begun
      if (mine !== round || !ports.link.isOnline) return;
      for (const to of jids) ports.link.send(xml("presence", { type: "probe", from: ports.domain, to }));
      await new Promise<void>((resolve) => ports.clock.after(PAUSE_MS, resolve));
    }
  };
  return {
    onPresence: (presence) => online.take(presence),
    onOnline: () => {
      const before = online.accounts;
      online.clear();
      probe(before).catch((error: unknown) => {
        ports.log.warn({ reason: (error as Error).message }, "it could not be asked who is online");
      });
    },
  };
}

/** Everybody with a number, and who was online before, in pages; hardly anybody twice. */
async function* pagesOf(
  before: readonly string[],
  accounts: Remote<AccountOperations>,
): AsyncGenerator<string[]> {
  for (let start = 0; start < before.length; start += PROBES_AT_ONCE)
    yield before.slice(start, start + PROBES_AT_ONCE);
  const known = new Set(before);
  for (let after = 0; ;) {
    const page = await accounts.page(after, PROBES_AT_ONCE);
    const last = page.at(-1);
    if (!last) return;
    after = last.id;
    yield page.map(({ jid }) => jid).filter((jid) => !known.has(jid));
  }
}
