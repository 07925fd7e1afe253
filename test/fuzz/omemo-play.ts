import { expect } from "chai";
import { TwotickError } from "../../src/errors.js";
import { Jid } from "../../src/jid.js";
import { type Element, parseXml, xml } from "../../src/xml.js";
import type { ControlMessage, OmemoVersionName, Sealed } from "../../sdk/omemo/mod.js";
import type { NodeItem } from "../../sdk/omemo/devices/pep.js";
import type { OmemoVersion } from "../../sdk/omemo/versions/version.js";
import { VERSIONS } from "../../sdk/omemo/versions/versions.js";
import { openMemoryStorage } from "../../sdk/storage/memory.js";
import type { Storage } from "../../sdk/storage/port.js";
import { contentOf, type Device, JULIET, open, ROMEO, seal, settle, World } from "../sdk/omemo/world.js";
import { damaged, hostileList, mixed } from "./omemo-damage.js";

/** Who is on no stage. */
const MERCUTIO = Jid.parse("+15551230003@phone.example.org");

/** All pairs of a store, in order. */
type Copy = readonly (readonly [key: string, value: Uint8Array])[];

/** A copy of a store, and what had been shown when it was made. */
interface Backup {
  readonly copy: Copy;
  readonly shown: ReadonlySet<string>;
}

/** A device, its store, and what has been shown on it. */
interface Actor {
  device: Device;
  shown: Set<string>;
  backup: Backup | undefined;
  /** What OMEMO itself wants sent. */
  readonly controls: ControlMessage[];
}

/** A message on its way. */
interface Letter {
  readonly from: Actor;
  readonly to: Jid;
  /** Missing when it says nothing. */
  readonly text: string | undefined;
  readonly sealed: Pick<Sealed, "payload">;
}

/** Where each play begins: devices that have announced themselves, made once. */
export interface Stage {
  readonly versions: readonly OmemoVersion[];
  readonly cast: readonly { readonly number: Jid; readonly id: number; readonly copy: Copy }[];
  readonly nodes: World["server"]["nodes"];
}

const CAST = [
  [JULIET, 11],
  [ROMEO, 22],
  [ROMEO, 23],
] as const;

/** Bytes and records of a store that nobody can make grow without end. */
const MAX_STORE_BYTES = 600_000;
const MAX_RECORDS = 1200;

/** Days after which two devices have to understand each other again. */
const MAX_ROUNDS = 6;

/** Makes the devices of a play and their nodes. */
export async function stageOf(spoken: readonly OmemoVersionName[]): Promise<Stage> {
  const world = new World(spoken);
  const cast = [];
  for (const [number, id] of CAST) {
    const device = await world.device(number, id);
    device.omemo.close();
    cast.push({ number, id, copy: copyOf(device.storage) });
  }
  return { versions: VERSIONS.filter(({ name }) => spoken.includes(name)), cast, nodes: world.server.nodes };
}

/** Some devices, what is on its way between them, and a server that does what it likes. */
export class Play {
  readonly seen = new Set<string>();
  readonly #world: World;
  readonly #versions: readonly OmemoVersion[];
  readonly #actors: readonly Actor[];
  #letters: Letter[] = [];
  #count = 0;

  /** @param stage is left as it is */
  constructor({ versions, cast, nodes }: Stage) {
    const names = versions.map(({ name }) => name);
    this.#world = new World(names);
    this.#versions = versions;
    for (const [name, { options, items }] of nodes)
      this.#world.server.nodes.set(name, { options: new Map(options), items: new Map(items) });
    this.#actors = cast.map(({ number, id, copy }) => {
      const controls: ControlMessage[] = [];
      const device = this.#deviceOf(number, id, storageOf(copy), controls);
      return { device, shown: new Set<string>(), backup: undefined, controls };
    });
  }

  /** Two bytes are a step: the first says what, the second is its figure. */
  async step(what: number, figure: number): Promise<void> {
    const actor = this.#actors[figure % this.#actors.length] as Actor;
    const rest = Math.floor(figure / this.#actors.length);
    await this.#steps[what % this.#steps.length]?.(actor, rest);
    // What runs in the background has its turn
    await settle();
  }

  /** What holds of every store at any time. */
  check(): void {
    for (const { device } of this.#actors) {
      const copy = copyOf(device.storage);
      expect(copy.length, "records of a store").to.be.at.most(MAX_RECORDS);
      const sizeBytes = copy.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
      expect(sizeBytes, "bytes of a store").to.be.at.most(MAX_STORE_BYTES);
    }
  }

  /**
   * Whatever has happened: once the server is honest, everything that is sent arrives, and time passes, all devices read each
   * other again. A day is enough for each step of what has to be fetched, answered and repaired.
   */
  async recover(): Promise<void> {
    for (const version of this.#versions) {
      for (const { device } of this.#actors) {
        const ids = this.#actors.filter((other) => other.device.number === device.number);
        const list = parseXml(version.writeDeviceList(ids.map((other) => other.device.id)));
        this.#put(device.account, version.deviceList, list);
      }
    }
    let unread: string[] = [];
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      this.#world.clock.advance(24 * 60 * 60_000);
      for (const { device } of this.#actors) await device.omemo.announce();
      unread = await this.#exchange();
      if (unread.length === 0) {
        this.seen.add(`recovered after ${round}`);
        return;
      }
    }
    expect.fail(`not recovered: ${unread.join(", ")}`);
  }

  /** Everybody writes to everybody; answers who could not read what. */
  async #exchange(): Promise<string[]> {
    const unread: string[] = [];
    for (const from of this.#actors) {
      this.#letters = [];
      await this.#send(from);
      await this.#sendControls(from);
      const [first] = this.#letters;
      if (first?.text === undefined) unread.push(`${from.device.id} could not send`);
      for (const letter of this.#letters) {
        for (const at of this.#actors.filter((other) => other !== from)) {
          const kind = this.#open(at, letter, letter.sealed);
          if (letter.text !== undefined && kind !== "plaintext")
            unread.push(`${at.device.id} of ${from.device.id}: ${kind}`);
        }
        await settle();
      }
    }
    return unread;
  }

  close(): void {
    for (const { device } of this.#actors) device.omemo.close();
  }

  /** In the order of `LETTERS`; what happens often stands there more than once. */
  readonly #steps: readonly ((actor: Actor, figure: number) => Promise<void> | void)[] = [
    (actor) => this.#send(actor),
    (actor) => this.#send(actor),
    (actor, figure) => this.#deliver(actor, figure % 4),
    (actor, figure) => this.#deliver(actor, figure % 4),
    (actor, figure) => this.#deliver(actor, figure),
    (actor, figure) => this.#tamper(actor, figure),
    (actor, figure) => this.#misdirect(actor, figure),
    (actor) => this.#restart(actor),
    (actor, figure) => this.#backUpOrRestore(actor, figure),
    (actor, figure) => this.#changeList(actor, figure),
    (actor, figure) => this.#changeBundle(actor, figure),
    (_, figure) => this.#world.clock.advance(figure % 2 ? 24 * 60 * 60_000 : 10 * 60_000),
    (actor) => this.#attempt("announce", () => actor.device.omemo.announce()),
    (actor, figure) => this.#push(actor, figure),
    (actor) => actor.device.omemo.doubt(this.#other(actor)),
    (_, figure) => void this.#letters.splice(-1 - (figure % 4), 1),
    (actor) => this.#sendControls(actor),
  ];

  #deviceOf(number: Jid, id: number, storage: Storage, controls: ControlMessage[]): Device {
    const enqueue = (_: unknown, control: ControlMessage): void => void controls.push(control);
    return this.#world.open(number, id, { storage, enqueue });
  }

  /** Sends what OMEMO itself wants sent. */
  async #sendControls(from: Actor): Promise<void> {
    for (const control of from.controls.splice(0)) {
      this.seen.add(`control: ${control.purpose ?? "elements"}`);
      await this.#attempt("control", async () => {
        await from.device.omemo.prepareControl(control);
        const sealed = from.device.storage.transaction((transaction) =>
          from.device.omemo.sealControl(transaction, control),
        );
        const to = Jid.parse(control.to);
        if (sealed) this.#letters.push({ from, to, text: undefined, sealed });
      });
    }
  }

  #other({ device }: Actor): Jid {
    return device.number === JULIET ? ROMEO : JULIET;
  }

  async #send(from: Actor): Promise<void> {
    const to = this.#other(from);
    const text = `message ${this.#count++}`;
    await this.#attempt("prepare", () => from.device.omemo.prepare(to));
    await this.#attempt("seal", () => {
      const before = contentOf(from.device.storage);
      try {
        this.#letters.push({ from, to, text, sealed: seal(from.device, to, text) });
      } catch (error) {
        expect(contentOf(from.device.storage), "a refused message changes nothing").to.deep.equal(before);
        throw error;
      }
    });
  }

  #deliver(at: Actor, which: number): void {
    const letter = this.#letters.at(-1 - which);
    if (letter && letter.from !== at) this.#open(at, letter, letter.sealed);
  }

  #tamper(at: Actor, figure: number): void {
    const letter = this.#letters.at(-1 - (figure % 3));
    if (!letter || letter.from === at) return;
    for (const sealed of damaged(letter.sealed, figure)) this.#open(at, letter, sealed);
  }

  /** The server says that it is from, or went to, somebody else: only OMEMO 2 can tell. */
  #misdirect(at: Actor, figure: number): void {
    const letter = this.#letters.at(-1 - ((figure >> 1) % 4));
    if (!letter || letter.from === at) return;
    const isCertain = this.#versions.length === 1 && this.#versions[0]?.name === "2";
    const said = { from: letter.from.device.number, to: letter.to, [figure % 2 ? "from" : "to"]: MERCUTIO };
    const kind = this.#open(at, letter, letter.sealed, said);
    if (isCertain) expect(kind, "of what is misdirected").not.to.equal("plaintext");
    this.seen.add(`misdirected: ${kind}`);
  }

  /** Opens something: what is shown was sent, and was not shown before; what is not shown changes nothing. */
  #open(
    at: Actor,
    { from, to, text }: Omit<Letter, "sealed">,
    sealed: Pick<Sealed, "payload">,
    said: { readonly from: Jid; readonly to: Jid } = { from: from.device.number, to },
  ): string {
    const before = withoutNotes(at.device.storage);
    const opened = open(at.device, said.from, sealed, said.to);
    const kind = opened.kind === "failed" ? opened.reason : opened.kind;
    this.seen.add(kind);
    if (opened.kind === "failed") {
      expect(withoutNotes(at.device.storage), `the store after ${kind}`).to.deep.equal(before);
      return kind;
    }
    if (opened.kind !== "plaintext") return kind;
    expect(opened.plaintext).to.equal(text);
    expect(opened.device).to.equal(from.device.id);
    expect(at.shown.has(opened.plaintext), `shown once: ${text}`).to.equal(false);
    at.shown.add(opened.plaintext);
    return kind;
  }

  #restart(actor: Actor): void {
    this.#reopen(actor, actor.device.storage);
  }

  #reopen(actor: Actor, storage: Storage): void {
    const { number, id, omemo } = actor.device;
    omemo.close();
    actor.controls.length = 0;
    actor.device = this.#deviceOf(number, id, storage, actor.controls);
  }

  #backUpOrRestore(actor: Actor, figure: number): void {
    const { backup } = actor;
    if (!backup || figure % 2 === 0) {
      actor.backup = { copy: copyOf(actor.device.storage), shown: new Set(actor.shown) };
      return;
    }
    this.#reopen(actor, storageOf(backup.copy));
    actor.shown = new Set(backup.shown);
  }

  #changeList({ device }: Actor, figure: number): void {
    const version = this.#versions[figure % this.#versions.length] as OmemoVersion;
    const list = hostileList(version, Math.floor(figure / 2));
    this.#world.server.put(device.account.bare, version.deviceList, list);
  }

  #push(actor: Actor, figure: number): void {
    const version = this.#versions[figure % this.#versions.length] as OmemoVersion;
    const list = hostileList(version, Math.floor(figure / 4));
    const from = figure & 2 ? this.#other(actor) : actor.device.account;
    const items = xml("items", { node: version.deviceList.node }, xml("item", {}, list));
    actor.device.omemo.receiveDeviceList(from, items);
  }

  /** Somebody else's bundle, a bundle with another's keys in it, noise, or none. */
  #changeBundle({ device }: Actor, figure: number): void {
    const { server } = this.#world;
    const version = this.#versions[figure % this.#versions.length] as OmemoVersion;
    const other = this.#actors[(figure >> 1) % this.#actors.length] as Actor;
    const own = version.bundle(device.id);
    const theirs = server.content(other.device.account.bare, version.bundle(other.device.id));
    const choices: Record<number, Element | undefined> = {
      0: theirs,
      1: mixed(version, server.content(device.account.bare, own), theirs),
      2: xml("bundle", { xmlns: version.profile.namespace }),
    };
    this.#put(device.account, own, choices[(figure >> 2) % 4]);
  }

  #put(account: Jid, place: NodeItem, content: Element | undefined): void {
    this.#world.server.put(account.bare, place, content);
  }

  /** Whatever is refused is refused with an error that callers are told of. */
  async #attempt(what: string, work: () => Promise<void> | void): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof TwotickError)) throw error;
      this.seen.add(`${what}: ${error.code}`);
    }
  }
}

/** Everything in a store but the one thing that a refused message may leave: when a repair was begun. */
function withoutNotes(storage: Storage): string[] {
  return contentOf(storage).filter((line) => !line.startsWith("omemo/1/repair"));
}

function copyOf(storage: Storage): Copy {
  return storage.read((view) => view.scan(""));
}

function storageOf(copy: Copy): Storage {
  const storage = openMemoryStorage();
  storage.transaction((transaction) => {
    for (const [key, value] of copy) transaction.set(key, value);
  });
  return storage;
}
