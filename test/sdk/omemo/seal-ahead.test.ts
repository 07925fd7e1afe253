import { expect } from "chai";
import { InvalidInput } from "../../../src/errors.js";
import { Jid } from "../../../src/jid.js";
import { DEFAULT_TIMES, type OmemoContext } from "../../../sdk/omemo/context.js";
import { KnownDevices } from "../../../sdk/omemo/devices/listed-devices.js";
import { News } from "../../../sdk/omemo/news.js";
import { loadOwnKeys } from "../../../sdk/omemo/own/own-keys.js";
import { sealMessage } from "../../../sdk/omemo/sealing/seal.js";
import { sealAhead, type SealedAhead } from "../../../sdk/omemo/sealing/seal-ahead.js";
import type { Sealed } from "../../../sdk/omemo/mod.js";
import { DEFAULT_TRUST_POLICY } from "../../../sdk/omemo/trust/mod.js";
import { VERSIONS } from "../../../sdk/omemo/versions/versions.js";
import { type Device, JULIET, open, ROMEO, seal, send, textOf, World } from "./world.js";

const BENVOLIO = Jid.parse("+15551230004@phone.example.org");
const ROOM = Jid.parse("verona@groups.example.org");
const RECIPIENTS = [ROMEO.bare, BENVOLIO.bare];
const DEVICES_EACH = 35;

describe("sealAhead", () => {
  let world: World;
  let juliet: Device;
  let romeos: Device[];
  let benvolios: Device[];
  beforeEach(async function () {
    this.timeout(30_000);
    world = new World(["2"]);
    juliet = await world.device(JULIET, 11);
    romeos = [];
    benvolios = [];
    for (let id = 1; id <= DEVICES_EACH; id++) {
      romeos.push(await world.device(ROMEO, id));
      benvolios.push(await world.device(BENVOLIO, id));
    }
    await juliet.omemo.prepare(ROMEO);
    await juliet.omemo.prepare(BENVOLIO);
  });

  /** A context whose clock goes on by a millisecond whenever it is asked. */
  function contextOf({ storage, account, number, id, omemo }: Device): OmemoContext {
    let nowMs = 0;
    const keys = loadOwnKeys(storage, number.bare, id);
    const versions = VERSIONS.filter(({ name }) => name === "2");
    return {
      storage,
      account,
      connection: world.server.portOf(account.bare),
      clock: {
        now: () => world.clock.now(),
        monotonicMs: () => nowMs++,
        after: (...asked) => world.clock.after(...asked),
      },
      news: new News(storage, () => {}),
      keys,
      times: DEFAULT_TIMES,
      versions,
      self: { address: number.bare, fingerprint: omemo.fingerprint },
      trustPolicy: DEFAULT_TRUST_POLICY,
      listed: new KnownDevices({ self: keys, versions, trustPolicy: DEFAULT_TRUST_POLICY }),
    };
  }

  async function ahead(
    recipients: readonly string[],
    between: (pause: number) => void = () => {},
    text = "to all",
  ): Promise<SealedAhead | undefined> {
    let pauses = 0;
    const outgoing = { to: ROOM.bare, recipients, content: { text, elements: [] } };
    return sealAhead(contextOf(juliet), outgoing, async () => between(pauses++));
  }

  const complete = (message: SealedAhead | undefined): Sealed =>
    juliet.storage.transaction((transaction) => {
      if (!message) throw new Error("nothing was encrypted ahead");
      return message.seal(transaction);
    });

  const opened = (device: Device, sealed: Sealed): string => textOf(open(device, JULIET, sealed, ROOM));

  it("leaves a message to few devices to the transaction", async () => {
    expect(await ahead([ROMEO.bare])).equal(undefined);
  });

  it("encrypts for 8 ms at a time, with a turn for everything else between, and writes nothing", async () => {
    const before = juliet.storage.read((view) => view.scan(""));
    let pauses = 0;
    const message = await ahead(RECIPIENTS, () => pauses++);
    // Nine slices, as the clock says that a device takes a millisecond; and the transaction after another turn
    expect(pauses).equal(Math.ceil((2 * DEVICES_EACH) / 8) + 1);
    expect(juliet.storage.read((view) => view.scan(""))).eql(before);
    const sealed = complete(message);
    expect(sealed.devices).eql({ recipient: 2 * DEVICES_EACH, own: 0 });
    for (const device of [...romeos, ...benvolios]) expect(opened(device, sealed)).equal("to all");
  });

  it("encrypts again for devices whose sessions went on in the meantime", async () => {
    const [romeo] = romeos as [Device];
    const first = seal(juliet, ROMEO, "before");
    expect(textOf(open(romeo, JULIET, first))).equal("before");
    let incoming: Sealed | undefined;
    incoming = await send(romeo, JULIET, "an answer");
    let between: Sealed | undefined;
    const message = await ahead(RECIPIENTS, (pause) => {
      if (pause !== 5) return;
      if (incoming) expect(textOf(open(juliet, ROMEO, incoming))).equal("an answer");
      between = seal(juliet, ROMEO, "in between");
    });
    const sealed = complete(message);
    for (const device of romeos) {
      expect(textOf(open(device, JULIET, between as Sealed))).equal("in between");
      expect(opened(device, sealed)).equal("to all");
    }
    for (const device of benvolios) expect(opened(device, sealed)).equal("to all");
    incoming = await send(romeo, JULIET, "and another");
    expect(textOf(open(juliet, ROMEO, incoming))).equal("and another");
  });

  it("leaves out a device whose identity was distrusted in the meantime", async () => {
    const [romeo, other] = romeos as [Device, Device];
    const { fingerprint } = romeo.omemo;
    const message = await ahead(RECIPIENTS, (pause) => {
      if (pause === 5) juliet.omemo.trust.decide(ROMEO, fingerprint, "distrusted");
    });
    const sealed = complete(message);
    expect(sealed.skipped).eql([{ address: ROMEO.bare, device: 1, reason: "distrusted-identity" }]);
    expect(opened(romeo, sealed)).equal("!not-for-this-device");
    expect(opened(other, sealed)).equal("to all");
  });

  it("refuses what does not fit with the keys of all devices before a session advances, ahead or not", async () => {
    const before = juliet.storage.read((view) => view.scan(""));
    const text = "x".repeat(64 * 1024);
    const message = await ahead(RECIPIENTS, undefined, text);
    expect(() => complete(message)).throw(InvalidInput, /70 devices .* 98304$/);
    const outgoing = { to: ROOM.bare, recipients: RECIPIENTS, content: { text, elements: [] } };
    const context = contextOf(juliet);
    const atOnce = (): Sealed =>
      juliet.storage.transaction((transaction) => sealMessage(context, transaction, outgoing));
    expect(atOnce).throw(InvalidInput, "70 devices");
    expect(juliet.storage.read((view) => view.scan(""))).eql(before);
    const toFewer = await ahead(RECIPIENTS, undefined, text.slice(0, 48 * 1024));
    expect(opened(benvolios[0] as Device, complete(toFewer))).length(48 * 1024);
  });

  it("is completed again when the transaction failed", async () => {
    const message = (await ahead(RECIPIENTS)) as SealedAhead;
    const fails = (): Sealed =>
      juliet.storage.transaction((transaction) => {
        message.seal(transaction);
        throw new Error("the disk is full");
      });
    expect(fails).throw("the disk is full");
    const sealed = complete(message);
    message.close();
    expect(opened(romeos[0] as Device, sealed)).equal("to all");
    expect(opened(romeos[0] as Device, complete(await ahead(RECIPIENTS)))).equal("to all");
  });
});
