import { parseXml } from "../../../../src/xml.js";
import { readTrustMessage, type TrustMessage, writeTrustMessage } from "../../../../src/trust-message.js";
import type { DeviceId } from "../../../../src/ids.js";
import type { Fingerprint } from "../../../../sdk/omemo/port.js";
import type { Dispatch } from "../../../../sdk/omemo/trust/automatic.js";
import {
  decideByUser,
  type Decided,
  receiveTrustMessage,
  type TrustChange,
} from "../../../../sdk/omemo/trust/decisions.js";
import { meet, verifiedOf } from "../../../../sdk/omemo/trust/person.js";
import type { TrustLevel } from "../../../../sdk/omemo/trust/policy.js";
import { readPerson, writePerson } from "../../../../sdk/omemo/trust/records.js";
import { trustMessagesOf } from "../../../../sdk/omemo/trust/trust-messages.js";
import type { Storage } from "../../../../sdk/storage/port.js";
import { openMemoryStorage } from "../../../../sdk/storage/memory.js";
import { ManualClock } from "../../../support/manual-clock.js";
import { key } from "./keys.js";

/** A trust message on its way. */
export interface Letter {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly message: TrustMessage;
  readonly at: number;
}

/** A device of somebody with its store and nothing else of a client. */
export class Endpoint {
  readonly storage = openMemoryStorage();
  readonly address: string;
  readonly number: number;
  readonly fingerprint: Fingerprint;
  readonly clock: ManualClock;

  constructor(address: string, number: number, clock: ManualClock) {
    this.address = address;
    this.number = number;
    this.fingerprint = key(number).fingerprint;
    this.clock = clock;
  }

  /** Sees the bundle of another device. */
  meet(other: Endpoint): void {
    this.storage.transaction((transaction) => {
      const person = readPerson(transaction, other.address);
      const sighting = { device: other.number as DeviceId, ...key(other.number) };
      const met = meet(person, sighting, "blind-before-verification", this.clock.now());
      writePerson(transaction, other.address, met.person);
    });
  }

  decide(level: TrustLevel, ...others: readonly Endpoint[]): Decided {
    const [first] = others;
    if (!first) throw new Error("nobody");
    const decisions = others.map((other) => ({ ...key(other.number), level }));
    return this.storage.transaction((transaction) =>
      decideByUser({ self: this, clock: this.clock }, transaction, first.address, decisions),
    );
  }

  /** Gets a message that came encrypted from a device. */
  receive(from: Endpoint, message: TrustMessage, at = this.clock.now()): TrustChange[] {
    return this.storage.transaction((transaction) =>
      receiveTrustMessage({ self: this, clock: this.clock }, transaction, from, message, at),
    );
  }

  /** The written messages of a dispatch, read again. */
  write(dispatch: Dispatch): TrustMessage[] {
    const messages = this.storage.read((view) => trustMessagesOf(view, dispatch));
    return messages.map((message) => readTrustMessage(parseXml(writeTrustMessage(message))));
  }

  levelOf(other: Endpoint): TrustLevel | undefined {
    return this.storage.read(
      (view) => readPerson(view, other.address).identities.get(other.fingerprint)?.level,
    );
  }

  verifiedOf(address: string): readonly Fingerprint[] {
    return this.storage.read((view) => verifiedOf(readPerson(view, address)));
  }
}

/** Everything in a store, to be compared. */
export function contentOf(storage: Storage): string[] {
  return storage.read((view) =>
    view.scan("").map(([name, value]) => `${name} ${Buffer.from(value).toString()}`),
  );
}

/** Some devices, and what they tell each other. */
export class Endpoints {
  readonly clock = new ManualClock();
  readonly all: Endpoint[] = [];
  readonly letters: Letter[] = [];
  /** How many were ever sent. */
  sent = 0;

  endpoint(address: string, number: number): Endpoint {
    const made = new Endpoint(address, number, this.clock);
    for (const other of this.all) {
      other.meet(made);
      made.meet(other);
    }
    this.all.push(made);
    return made;
  }

  /** Has the person at a device decide, and puts into letters what is to be told. */
  decide(at: Endpoint, level: TrustLevel, ...others: readonly Endpoint[]): Letter[] {
    this.clock.advance(1000);
    const { dispatches } = at.decide(level, ...others);
    const letters = dispatches.flatMap((dispatch) =>
      at
        .write(dispatch)
        .flatMap((message) =>
          this.all
            .filter((one) => one.address === dispatch.to && dispatch.recipients.includes(one.fingerprint))
            .map((to) => ({ from: at, to, message, at: this.clock.now() })),
        ),
    );
    this.sent += letters.length;
    this.letters.push(...letters);
    return letters;
  }

  /** Delivers what is on the way, in the order that is asked for. */
  deliver(pick: (count: number) => number = () => 0): void {
    while (this.letters.length > 0) {
      const [letter] = this.letters.splice(pick(this.letters.length), 1);
      letter?.to.receive(letter.from, letter.message, letter.at);
    }
  }
}
