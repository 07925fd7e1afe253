import { readFileSync, statSync } from "node:fs";
import type { AccountOperations } from "../component/accounts/store.js";
import { hashDeviceKey } from "../component/mailbox/service.js";
import type { StoredSubmission } from "../component/mailbox/accept-store.js";
import type { MailboxOperations } from "../component/mailbox/store.js";
import { newDeviceId, newMessageId } from "../src/ids.js";
import { phoneNumber } from "../src/phone-number.js";
import { encodePayload } from "../src/frame-payload.js";
import { newDeviceKey, RawDevice } from "../test/support/raw-device.js";
import { World } from "../test/support/world.js";
import { builtFolder } from "./built.js";
import type { BenchOptions } from "./options.js";
import { omemoPayload } from "./road.js";
import { row, rowOfRuns, type Row, type Run } from "./rows.js";
import { submitBatch } from "./submitting.js";

const MAILBOXES = 10_000;
const ENTRIES = 1_000_000;
const LONG_ENTRIES = 10_000_000;
const SMOKE = { mailboxes: 100, entries: 1_000 };
const BODY_BYTES = 100;
/** Messages that one call of the store takes, and calls that share a commit, while the store is filled. */
const SEED_BATCH = 100;
const SEED_CALLS = 20;
/** Who writes while the rate is measured, and how. */
const SENDERS = 4;
const SENDER = "+14451000000";
const UNDER_WAY = 4;
const BATCH = 50;
const SETTLE_SECONDS = 2;
const SECONDS = 5;
const LIMITS = { maxEntries: 1_000_000, maxBytes: 2 ** 40 };
/** What the component may take. */
const MEMORY_MB = 300;
const READY_SECONDS = 5;

/**
 * Measures what a million waiting messages cost: ten thousand mailboxes with a hundred OMEMO messages each.
 *
 * The rate at which more are accepted stands beside that of a store with the same people and nothing waiting. Before
 * that, each time, the component is killed while it accepts, and the time is taken until it has accepted again.
 */
export async function millionRows({ rounds, isLong, isSmoke }: BenchOptions): Promise<Row[]> {
  const size = isSmoke ? SMOKE : { mailboxes: MAILBOXES, entries: isLong ? LONG_ENTRIES : ENTRIES };
  const full = await Crowd.start(size.mailboxes);
  try {
    await full.fill(size.entries);
    const runs: Measured[] = [];
    for (let round = 0; round < rounds; round += 1) {
      process.stderr.write(`million: round ${round + 1} of ${rounds}\n`);
      runs.push(await measure(full, size.mailboxes));
    }
    return rowsOf(`${size.entries} entries in ${size.mailboxes} mailboxes`, full, runs);
  } finally {
    await full.stop();
  }
}

interface Measured {
  readonly accepted: Run;
  readonly readySeconds: number;
  readonly peakMb: number;
}

async function measure(full: Crowd, mailboxes: number): Promise<Measured> {
  const readySeconds = await full.killAndReturn();
  const empty = await Crowd.start(mailboxes);
  try {
    await empty.killAndReturn();
    const emptyRate = await empty.acceptedPerSecond();
    const fullRate = await full.acceptedPerSecond();
    return { accepted: [fullRate, emptyRate], readySeconds, peakMb: full.peakMb };
  } finally {
    await empty.stop();
  }
}

function rowsOf(what: string, full: Crowd, runs: readonly Measured[]): Row[] {
  const accepted = runs.map((run) => run.accepted);
  const ready = runs.map((run): Run => [run.readySeconds, READY_SECONDS]);
  const memory = runs.map((run): Run => [run.peakMb, MEMORY_MB]);
  return [
    rowOfRuns(`${what}: accepted, against a store where nothing waits`, "messages/s", accepted, ">= 0.9"),
    rowOfRuns(`${what}: accepted again after kill -9`, "s", ready, "<= 1"),
    rowOfRuns(`${what}: most memory of the component, beside what it may take`, "MB", memory, "<= 1"),
    row(`${what}: the file, beside a KB an entry`, "MB", full.fileMb, full.entries / 1000, ""),
  ];
}

/** A world with very many people, of whom a few write. */
class Crowd {
  readonly #world: World;
  readonly #people: readonly string[];
  readonly #senders: readonly RawDevice[];
  readonly #payload = omemoPayload(BODY_BYTES);
  #next = 0;
  entries = 0;

  private constructor(world: World, people: readonly string[], senders: readonly RawDevice[]) {
    this.#world = world;
    this.#people = people;
    this.#senders = senders;
  }

  static async start(count: number): Promise<Crowd> {
    const world = await World.start({
      isProcess: true,
      build: builtFolder(),
      config: { mailbox: LIMITS, link: { maxRetrySeconds: 0.3 } },
    });
    const people = Array.from({ length: count }, (_, index) => `+1444${1_000_000 + index}`);
    await enrolAll(world, people);
    const senders = await Promise.all(
      Array.from({ length: SENDERS }, async (_, index) =>
        RawDevice.online(await world.person(`+${Number(SENDER) + index}`), "frame"),
      ),
    );
    return new Crowd(world, people, senders);
  }

  /** Puts entries into the mailboxes, in turn, through the store's own operation. */
  async fill(entries: number): Promise<void> {
    await this.#world.stopComponent();
    await this.#world.withStore(async (store, vault) => {
      const mailbox = store.of<MailboxOperations>("mailbox");
      const account = await store
        .of<AccountOperations>("accounts")
        .findByNumber(vault.hashNumber(phoneNumber(SENDER)));
      if (!account) throw new Error("nobody is there");
      // Everybody has one device, so that accounts and devices have the same numbers
      const sender = { account: account.id, device: account.id, resource: "seed" };
      const hashes = this.#people.map((number) => vault.hashNumber(phoneNumber(number)));
      const submission = (): StoredSubmission => ({
        id: newMessageId(sender),
        toHash: hashes[this.entries++ % hashes.length] as Buffer,
        payload: this.#payload,
        digest: Buffer.alloc(16),
      });
      while (this.entries < entries) {
        if (this.entries % 100_000 === 0) process.stderr.write(`million: ${this.entries} entries\n`);
        const calls = Array.from({ length: SEED_CALLS }, () =>
          Array.from({ length: SEED_BATCH }, submission),
        );
        const accepted = await Promise.all(
          calls.map((submissions) => mailbox.accept(sender, submissions, Date.now(), LIMITS)),
        );
        const isAccepted = accepted.every((result) => result?.outcomes.every((one) => !("refusal" in one)));
        if (!isAccepted) throw new Error("a message was refused");
      }
    });
    await this.#world.startComponent();
  }

  /** Kills the component while it accepts; answers the seconds from the kill until it has accepted again. */
  async killAndReturn(): Promise<number> {
    await Promise.all(this.#senders.map((sender) => sender.attach()));
    for (const sender of this.#senders) void this.#submit(sender).catch(() => undefined);
    const startedAt = performance.now();
    await this.#world.killComponent();
    await this.#world.startComponent();
    await Promise.all(this.#senders.map((sender) => sender.attach()));
    await Promise.all(this.#senders.map((sender) => this.#submit(sender)));
    return (performance.now() - startedAt) / 1000;
  }

  /** Messages a second that are accepted while others are under way, to everybody in turn. */
  async acceptedPerSecond(): Promise<number> {
    let accepted = 0;
    const open = new AbortController();
    const lane = async (sender: RawDevice): Promise<void> => {
      while (!open.signal.aborted) {
        const count = await this.#submit(sender);
        // Not `accepted += await …`, which adds to what it was before others added to it
        accepted += count;
      }
    };
    const lanes = this.#senders.flatMap((sender) => Array.from({ length: UNDER_WAY }, () => lane(sender)));
    await seconds(SETTLE_SECONDS);
    const [before, startedAt] = [accepted, performance.now()];
    await seconds(SECONDS);
    const rate = ((accepted - before) / (performance.now() - startedAt)) * 1000;
    open.abort();
    await Promise.all(lanes);
    return rate;
  }

  /** The most memory that the component has had since it was started. */
  get peakMb(): number {
    const status = readFileSync(`/proc/${this.#world.componentPid}/status`, "utf8");
    return (Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024) / 1e6;
  }

  get fileMb(): number {
    return statSync(this.#world.config.store.path).size / 1e6;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#senders.map((sender) => sender.stop()));
    await this.#world.stop();
  }

  async #submit(sender: RawDevice): Promise<number> {
    const { componentDomain: domain } = this.#world.prosody;
    const payload = encodePayload(this.#payload, domain);
    const messages = Array.from({ length: BATCH }, () => {
      const number = this.#people[this.#next++ % this.#people.length] ?? "";
      return { id: newMessageId(sender), to: `${number}@${domain}`, payload };
    });
    await submitBatch(sender, messages);
    this.entries += BATCH;
    return BATCH;
  }
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000));
}

async function enrolAll(world: World, people: readonly string[]): Promise<void> {
  await world.withStore(async (store, vault) => {
    const accounts = store.of<AccountOperations>("accounts");
    const keyHash = hashDeviceKey(newDeviceKey().publicKey);
    await Promise.all(
      people.map((text) => {
        const number = phoneNumber(text);
        return accounts.create({
          jid: `a${text.slice(1)}@${world.prosody.host}`,
          numberHash: vault.hashNumber(number),
          numberSealed: vault.sealNumber(number),
          isMadeHere: true,
          pinHash: null,
          device: { deviceId: newDeviceId(), keyHash },
          now: Date.now(),
        });
      }),
    );
  });
}
