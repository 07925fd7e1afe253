import type { Clock } from "../../../src/clock.js";
import { TwotickError } from "../../../src/errors.js";
import type { MessageId } from "../../../src/ids.js";
import { phoneNumber } from "../../../src/phone-number.js";
import { Client } from "../../client/client.js";
import type { ClientState } from "../../client/events.js";
import type { SendState } from "../../client/sent-records.js";
import { openSqliteStorage } from "../../storage/sqlite.js";
import { Journal } from "../journal.js";
import { keepJournal } from "../keep-journal.js";
import { seededRandom } from "../seeded-random.js";

/** What a device runs on; can be written as JSON. */
export interface DeviceSettings {
  readonly storePath: string;
  readonly journalPath: string;
  readonly service: string;
  readonly seed: number;
  /** The texts, by id, of what an earlier process was asked to send and may not have made durable. */
  readonly unsent?: Readonly<Record<string, string>>;
}

/** What a device tells whoever plays it; can be written as JSON. */
export type DeviceEvent =
  | {
      readonly kind: "shown";
      readonly id: string;
      readonly from: string;
      readonly text: string;
      readonly isEncrypted: boolean;
    }
  | { readonly kind: "told"; readonly id: string; readonly state: SendState; readonly code?: string }
  | { readonly kind: "state"; readonly state: ClientState }
  | { readonly kind: "fatal"; readonly code: string };

/** A device that runs, here or in a process of its own. */
export interface RunningDevice {
  /** Sends a text under an id; resolves when that is durable. */
  readonly send: (to: string, text: string, id: string) => Promise<void>;
  /** Tells the sender of a message that it was seen. */
  readonly read: (id: string) => Promise<void>;
  /** Goes offline in good order. */
  readonly stop: () => Promise<void>;
}

/** Shorter than in production, so that a healed link is used within a moment. */
const CONNECTION = {
  retry: { minMs: 50, maxMs: 400 },
  heartbeat: { intervalMs: 2_000, afterSendMs: 500, deadlineMs: 2_000 },
};

/** Shown messages are kept so far back, to be read. */
const REMEMBERED = 10_000;

/** Runs a device in this process, comes online, and writes its journal. @throws as {@link Client.start} */
export async function runDevice(
  settings: DeviceSettings,
  tell: (event: DeviceEvent) => void,
  clock?: Clock,
): Promise<RunningDevice & { readonly client: Client }> {
  const storage = openSqliteStorage({ path: settings.storePath });
  const client = await Client.open({
    storage,
    service: settings.service,
    connection: CONNECTION,
    random: seededRandom(settings.seed),
    ...(clock && { clock }),
  });
  const journal = new Journal(settings.journalPath);
  const journaled = keepJournal(client, journal, (id) => settings.unsent?.[id]);
  tellEvents(client, tell);
  const shown = new Map<string, string>();
  const stop = async (): Promise<void> => {
    await client.stop();
    journal.close();
    storage.close();
  };
  void journaled.show(({ text, from, id, isEncrypted }) => {
    shown.set(id, from);
    const [oldest] = shown.keys();
    if (shown.size > REMEMBERED && oldest !== undefined) shown.delete(oldest);
    tell({ kind: "shown", id, from, text, isEncrypted });
  });
  try {
    await journaled.resume();
    await client.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    client,
    send: async (to, text, id) => void (await journaled.send(to, text, id)),
    async read(id) {
      const from = shown.get(id);
      if (from === undefined) throw new TwotickError("never-shown", `${id} was never shown here`);
      await client.markRead({ id: id as MessageId, from: phoneNumber(from) });
    },
    stop,
  };
}

function tellEvents(client: Client, tell: (event: DeviceEvent) => void): void {
  client.on("state", (state) => tell({ kind: "state", state }));
  client.on("accepted", ({ handle }) => tell({ kind: "told", id: handle.id, state: "accepted" }));
  client.on("receipt", ({ id, state }) => tell({ kind: "told", id, state }));
  client.on("failed", ({ handle, error }) =>
    tell({ kind: "told", id: handle.id, state: "failed", code: error.code }),
  );
  client.on("fatal", ({ code }) => tell({ kind: "fatal", code }));
}
