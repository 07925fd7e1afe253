import type { Client, ClientUnit } from "../../sdk/mod.js";

/** A message that was shown. */
export interface Remembered {
  readonly id: string;
  readonly isOwn: boolean;
  readonly at: number;
  readonly text: string;
}

/** Messages that are kept of each conversation, in the store of the device. */
const KEEP = 200;
const PREFIX = "chat/";

/** What was said before: kept in the store of the device, and so encrypted when that is. */
export class History {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Adds a message to a conversation, in the transaction that it comes or goes with. */
  add(unit: ClientUnit, number: string, message: Remembered): void {
    const kept = unit.scan(`${PREFIX}${number}/`);
    for (const [key] of kept.slice(0, Math.max(0, kept.length + 1 - KEEP))) unit.delete(key);
    const time = String(message.at).padStart(15, "0");
    unit.set(`${PREFIX}${number}/${time}/${message.id}`, Buffer.from(JSON.stringify(message)));
  }

  /** The last messages of a conversation, the oldest first. */
  last(number: string, count: number): Remembered[] {
    const kept = this.#client.read((view) => view.scan(`${PREFIX}${number}/`));
    return kept.slice(-count).map(([, bytes]) => JSON.parse(Buffer.from(bytes).toString()) as Remembered);
  }

  /** The numbers with which something was said, in order. */
  people(): string[] {
    const keys = this.#client.read((view) => view.scan(PREFIX)).map(([key]) => key);
    return [...new Set(keys.map((key) => key.slice(PREFIX.length).split("/")[0] ?? ""))];
  }
}
