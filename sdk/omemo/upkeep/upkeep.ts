import type { Transaction, View } from "../../storage/port.js";
import { AnswerTimer } from "./answers.js";
import type { OmemoContext } from "../context.js";
import { countSilentDays, isInEveryList, staleDevices } from "../own/own-devices.js";
import { eraseUsedPreKeys, renewSignedPreKey } from "../own/own-keys.js";
import type { Publisher } from "../own/publisher.js";
import { isListed, type Peer, readList, writePrepared } from "../records.js";
import { isForgotten } from "./repairs.js";
import { dropSessions, hasSession } from "../sessions.js";
import { forgetDevice, readPerson, writePerson } from "../trust/mod.js";
import {
  answers,
  delisted,
  dueAnswers,
  forgetAnswered,
  forgetRepair,
  forgetUpkeep,
  repairs,
} from "./upkeep-records.js";
import { VERSION_NAMES } from "../versions/versions.js";

/** What is done from time to time: keys renewed and erased, what is over forgotten, devices answered that wait for it. */
export class Upkeep {
  readonly #context: OmemoContext;
  readonly #publisher: Publisher;
  readonly #answers: AnswerTimer;
  #cancel: (() => void) | undefined;
  #isClosed = false;

  /** @param publisher publishes what has changed */
  constructor(context: OmemoContext, publisher: Publisher) {
    this.#context = context;
    this.#publisher = publisher;
    this.#answers = new AnswerTimer(context);
  }

  /** Does what is due, and from now on does so by itself; what it changes is to be published. @throws {StorageError} */
  begin(): void {
    this.#run();
    this.#schedule();
    // Those that a process before this one did not come to
    if (this.#context.storage.read((view) => dueAnswers(view).length > 0)) this.#answers.due();
  }

  /** A device is to be answered. */
  answerDue(): void {
    this.#answers.due();
  }

  /** A message was opened. */
  opened(): void {
    this.#answers.opened();
  }

  /** Ends what waits. */
  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
    this.#answers.close();
  }

  #schedule(): void {
    const { clock, news, storage, times } = this.#context;
    if (this.#isClosed) return;
    this.#cancel?.();
    this.#cancel = clock.after(times.upkeepIntervalMs, () => {
      news.attempt(() => {
        if (this.#run()) this.#publisher.topUpSoon();
        // A list without this device may have been pushed when it had just been put back
        const isWrong = (view: View): boolean =>
          staleDevices(this.#context, view).length > 0 || !isInEveryList(this.#context, view);
        if (storage.read(isWrong)) this.#publisher.announceSoon();
      });
      this.#schedule();
    });
  }

  /** @returns whether the bundle changed */
  #run(): boolean {
    const { clock, keys, storage, times } = this.#context;
    return storage.transaction((transaction) => {
      eraseUsedPreKeys(transaction, clock.now());
      this.#forget(transaction);
      countSilentDays(this.#context, transaction);
      return renewSignedPreKey(transaction, keys, clock.now(), times);
    });
  }

  #forget(transaction: Transaction): void {
    const { clock, times } = this.#context;
    const now = clock.now();
    for (const [peer, since] of delisted(transaction)) {
      // Whether it left the list is known when that was read since
      const readAt = readList(transaction, peer.version, peer.address)?.at ?? 0;
      if (now - since < times.delistedKeptMs || readAt < since) continue;
      dropSessions(transaction, peer);
      writePrepared(transaction, peer, undefined);
      forgetUpkeep(transaction, peer);
      forgetSighting(transaction, peer);
    }
    for (const [peer, repair] of repairs(transaction)) {
      if (isForgotten(this.#context, repair)) forgetRepair(transaction, peer);
    }
    for (const [peer, at] of answers(transaction)) {
      if (now - at >= times.answerIntervalMs) forgetAnswered(transaction, peer);
    }
  }
}

/** Makes room for other devices of a person when one is known in no version any more; trust is in its identity. */
function forgetSighting(transaction: Transaction, { address, device }: Peer): void {
  const isKnown = VERSION_NAMES.some((version) => {
    const peer = { version, address, device };
    return isListed(transaction, peer) || hasSession(transaction, peer);
  });
  if (!isKnown) writePerson(transaction, address, forgetDevice(readPerson(transaction, address), device));
}
