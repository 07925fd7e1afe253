import { newId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import { StanzaError } from "../../src/errors.js";
import { xml } from "../../src/xml.js";
import type { Context } from "../capability.js";
import { isPhoneNumber } from "../../src/phone-number.js";
import type { Remote } from "../store/operations.js";
import type { Changes } from "./changes.js";
import type { ContactOperations } from "./store.js";

/** The same two are asked about at most this often. */
const AGAIN_AFTER_MS = 30_000;
const TIMEOUT_MS = 10_000;
const MAX_REMEMBERED = 10_000;

/** Pairs that one round of the job asks about. */
const AT_ONCE = 50;

/** What finding out about the host's block lists needs. */
export type HostBlockPorts = Pick<Context, "clock" | "config" | "link" | "log" | "numbers" | "vault"> & {
  readonly store: Remote<ContactOperations>;
  readonly changes: Changes;
};

/**
 * Finds out which numbers people have blocked on the host, whose block lists nobody else can read.
 *
 * The host refuses every request of whoever is blocked. A ping to an account is answered by the host itself: when it
 * answers the component and refuses the number, the number is blocked.
 * Source: XEP-0191 §3.2, XEP-0199 §4.2
 */
export class HostBlocks {
  readonly #ports: HostBlockPorts;
  readonly #asked = new Map<
    string,
    { readonly atMs: number; readonly answer: Promise<boolean | undefined> }
  >();

  constructor(ports: HostBlockPorts) {
    this.#ports = ports;
  }

  /** Something looked as if an account (bare JID) had blocked a number, or did not any more: it is asked for. */
  suspect(account: string, numberJid: string): void {
    void this.isBlocked(account, numberJid);
  }

  /** Whether an account (bare JID) has blocked a number JID on the host, as it was within the last half minute; `undefined` when that stays open. */
  isBlocked(account: string, numberJid: string): Promise<boolean | undefined> {
    const nowMs = this.#ports.clock.monotonicMs();
    const key = `${account} ${numberJid}`;
    const asked = this.#asked.get(key);
    if (asked && nowMs - asked.atMs < AGAIN_AFTER_MS) return asked.answer;
    if (this.#asked.size >= MAX_REMEMBERED) this.#asked.clear();
    const answer = this.ask(account, numberJid).catch((error: unknown) => {
      this.#ports.log.warn({ reason: (error as Error).message }, "it could not be asked who is blocked");
      return undefined;
    });
    this.#asked.set(key, { atMs: nowMs, answer });
    return answer;
  }

  /** Asks the host, and keeps what it says; answers whether the number is blocked, `undefined` when that stays open. */
  async ask(account: string, numberJid: string): Promise<boolean | undefined> {
    const { store, clock, vault, changes, numbers, config } = this.#ports;
    const [isNumberAnswered, isComponentAnswered] = await Promise.all([
      this.#isAnswered(numberJid, account),
      this.#isAnswered(config.link.domain, account),
    ]);
    // A host that answers neither says nothing: it has no mod_ping, or the whole domain is blocked
    if (!isComponentAnswered || isNumberAnswered === undefined) return undefined;
    const number = Jid.parse(numberJid);
    const numberHash = numbers.hashOf(number);
    // A stranger's address stands for no number: nothing is kept of it
    if (!numberHash || !isPhoneNumber(number.local)) return !isNumberAnswered;
    const outcome = await store.block({
      jid: account,
      numberHash,
      numberSealed: vault.sealNumber(number.local),
      place: "on-host",
      isBlocked: !isNumberAnswered,
      now: clock.now(),
    });
    if (outcome.kind === "done" && outcome.other && outcome.before && outcome.after) {
      const { me, other, tellMe, tellThem, before, after } = outcome;
      const change = { me, other, tellMe, tellThem, before, after };
      await (isNumberAnswered ? changes.carryOut(change) : changes.carryOutBlock(change));
    }
    return !isNumberAnswered;
  }

  /** Asks again about an account's blocks on the host: nothing tells when one ends. */
  async review(account: string): Promise<void> {
    const { store, vault, config } = this.#ports;
    const blocks = (await store.blocksOf(account)).filter(({ isOnHost }) => isOnHost).slice(0, AT_ONCE);
    for (const { sealed } of blocks)
      this.suspect(account, `${vault.openNumber(sealed)}@${config.link.domain}`);
  }

  /** `undefined` when nobody can say. */
  async #isAnswered(from: string, account: string): Promise<boolean | undefined> {
    const ping = xml("iq", { type: "get", id: newId(), from, to: account }, xml("ping", { xmlns: NS.ping }));
    try {
      await this.#ports.link.request(ping, { timeoutMs: TIMEOUT_MS });
      return true;
    } catch (error) {
      return error instanceof StanzaError && error.condition === "service-unavailable" ? false : undefined;
    }
  }
}
