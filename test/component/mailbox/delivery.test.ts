import { setImmediate as turn } from "node:timers/promises";
import { expect } from "chai";
import type { Sender } from "../../../component/capability.js";
import { createLog } from "../../../component/log.js";
import type { Offer, Session } from "../../../component/mailbox/delivery-ports.js";
import { Delivery } from "../../../component/mailbox/delivery.js";
import { createMetrics } from "../../../component/metrics.js";
import { LinkError } from "../../../src/errors.js";
import type { MessageId } from "../../../src/ids.js";
import { decodeDelivery } from "../../../src/frame-deliver.js";
import { encodeAnswer } from "../../../src/frame-submit.js";
import { readFrame } from "../../../src/frame.js";
import { readDeliver, type Entry } from "../../../src/mailbox-deliver.js";
import { NS } from "../../../src/namespaces.js";
import { attribute, parseXml, type Element } from "../../../src/xml.js";
import { ManualClock } from "../../support/manual-clock.js";

/** A link that notes what is sent. */
class FakeLink implements Sender {
  isOnline = true;
  isFull = false;
  readonly sent: Element[] = [];

  send(stanza: string | Element): void {
    if (this.isFull) throw new LinkError("buffer-full", "the server does not read");
    this.sent.push(parseXml(stanza.toString()));
  }

  request(): Promise<Element> {
    return Promise.reject(new Error("nothing is asked here"));
  }
}

/** A mailbox of so many entries, as the store would read it. */
function offer(device: number, seq: number, sizeBytes = 300): Offer {
  const [from, to] = ["+15551230001@phone.example.org", "+15551230002@phone.example.org"];
  const payload = `<body xmlns='jabber:client'>${seq}</body>`;
  return {
    device,
    seq,
    sizeBytes,
    content: { kind: "message", from, to, id: `m${seq}` as MessageId, at: 0, payload },
  };
}

const JULIET: Session = {
  device: 2,
  account: 1,
  accountJid: "juliet@example.org",
  fullJid: "juliet@example.org/balcony",
  numberJid: "+15551230002@phone.example.org",
  resource: "balcony",
};

/** A delivery with everything around it made up. */
class Stage {
  readonly clock = new ManualClock();
  readonly link = new FakeLink();
  readonly metrics = createMetrics();
  readonly closed: [number, string][] = [];
  readonly inVain: [number, number][] = [];
  readonly reads: [after: number, entries: number][] = [];
  readonly delivery: Delivery;
  /** The last entry in the mailbox, and the last that ended. */
  last = 0;
  ended = 0;
  missing = new Set<number>();
  sizeBytes = 300;
  readFails = false;

  constructor(windowEntries = 4) {
    this.delivery = new Delivery({
      domain: "phone.example.org",
      link: this.link,
      clock: this.clock,
      log: createLog("silent"),
      metrics: this.metrics,
      windowEntries,
      read: (device, after, maxEntries, maxBytes) => this.#read(device, after, maxEntries, maxBytes),
      onUnattached: () => undefined,
      onHeadInVain: (device, seq) => this.inVain.push([device, seq]),
      onClosed: (device, fullJid) => this.closed.push([device, fullJid]),
    });
  }

  /** Everything that went to a full JID as an entry, in order. */
  entries(fullJid = JULIET.fullJid): Entry[] {
    return this.#to(fullJid).flatMap((stanza) => {
      const deliver = stanza.getChild("deliver", NS.mailbox);
      return deliver ? readDeliver(deliver) : [];
    });
  }

  /** The sequence numbers that went. */
  seqs(fullJid = JULIET.fullJid): number[] {
    return this.entries(fullJid).map(({ seq }) => seq);
  }

  /** The sequence numbers that went since this was asked last. */
  async fresh(): Promise<number[]> {
    await this.settle();
    const seqs = this.seqs();
    this.link.sent.length = 0;
    return seqs;
  }

  restarts(): number {
    return this.#to(JULIET.fullJid).filter(
      (stanza) => stanza.getChild("detached", NS.mailbox)?.attrs.restart === "true",
    ).length;
  }

  detached(fullJid = JULIET.fullJid): number {
    return this.#to(fullJid).filter((stanza) => stanza.getChild("detached", NS.mailbox)).length;
  }

  /** New entries, as the store commits them. */
  arrive(count: number): void {
    const offers = Array.from({ length: count }, () => offer(JULIET.device, ++this.last));
    this.delivery.offer(offers);
  }

  acknowledge(seq: number): void {
    this.ended = Math.max(this.ended, seq);
    this.delivery.acknowledge(JULIET.fullJid, seq);
  }

  /** Lets everything run that is ready to. */
  async settle(): Promise<void> {
    for (let round = 0; round < 10; round += 1) await turn();
  }

  #to(fullJid: string): Element[] {
    return this.link.sent.filter((stanza) => attribute(stanza, "to") === fullJid);
  }

  async #read(device: number, after: number, maxEntries: number, maxBytes: number): Promise<Offer[]> {
    this.reads.push([after, maxEntries]);
    await turn();
    if (this.readFails) throw new Error("the store is not there");
    const offers: Offer[] = [];
    let bytes = 0;
    for (
      let seq = Math.max(after, this.ended) + 1;
      seq <= this.last && offers.length < maxEntries;
      seq += 1
    ) {
      if (this.missing.has(seq)) continue;
      bytes += this.sizeBytes;
      if (offers.length > 0 && bytes > maxBytes) break;
      offers.push(offer(device, seq, this.sizeBytes));
    }
    return offers;
  }
}

describe("Delivery", () => {
  it("delivers what waits when a device attaches, in order, as headlines", async () => {
    const stage = new Stage();
    stage.last = 3;
    stage.delivery.open(JULIET, 0, false);
    await stage.settle();
    expect(stage.seqs()).to.deep.equal([1, 2, 3]);
    expect(stage.link.sent.map((stanza) => attribute(stanza, "type"))).to.deep.equal(["headline"]);
    expect(stage.entries()[0]?.isRedelivery).to.equal(false);
  });

  it("sends what arrives together in one stanza, without reading it again", async () => {
    const stage = new Stage();
    stage.delivery.open(JULIET, 0, false);
    await stage.settle();
    const reads = stage.reads.length;
    stage.arrive(3);
    await stage.settle();
    expect(stage.seqs()).to.deep.equal([1, 2, 3]);
    expect(stage.link.sent).to.have.length(1);
    expect(stage.reads).to.have.length(reads);
  });

  it("lets entries gather while others are on the way, until those are acknowledged", async () => {
    const stage = new Stage();
    stage.delivery.open(JULIET, 0, false);
    await stage.settle();
    stage.arrive(1);
    expect(await stage.fresh()).to.deep.equal([1]);
    stage.arrive(1);
    await stage.settle();
    stage.arrive(1);
    expect(await stage.fresh()).to.deep.equal([]);
    stage.acknowledge(1);
    await stage.settle();
    expect(stage.link.sent).to.have.length(1);
    expect(await stage.fresh()).to.deep.equal([2, 3]);
  });

  it("lets no entry wait long for an acknowledgement", async () => {
    const stage = new Stage();
    stage.delivery.open(JULIET, 0, false);
    await stage.settle();
    stage.arrive(1);
    await stage.settle();
    stage.arrive(1);
    expect(await stage.fresh()).to.deep.equal([1]);
    stage.clock.advance(5);
    expect(await stage.fresh()).to.deep.equal([2]);
    stage.clock.advance(5);
    stage.arrive(1);
    expect(await stage.fresh()).to.deep.equal([3]);
  });

  it("keeps to the window, and goes on as it is acknowledged", async () => {
    const stage = new Stage(4);
    stage.delivery.open(JULIET, 0, false);
    await stage.settle();
    stage.arrive(10);
    expect(await stage.fresh()).to.deep.equal([1, 2, 3, 4]);
    stage.acknowledge(2);
    expect(await stage.fresh()).to.deep.equal([5, 6]);
    stage.acknowledge(6);
    expect(await stage.fresh()).to.deep.equal([7, 8, 9, 10]);
  });

  it("goes past a gap in the numbers", async () => {
    const stage = new Stage();
    stage.delivery.open(JULIET, 0, false);
    await stage.settle();
    stage.missing.add(1).add(2);
    stage.last = 2;
    stage.arrive(2);
    expect(await stage.fresh()).to.deep.equal([3, 4]);
  });

  it("sends again after 5, 10, 20, 40 and 60 s, then closes and says so", async () => {
    const stage = new Stage();
    stage.last = 2;
    stage.delivery.open(JULIET, 0, false);
    expect(await stage.fresh()).to.deep.equal([1, 2]);
    for (const seconds of [5, 10, 20, 40, 60]) {
      for (let second = 1; second < seconds; second += 1) stage.clock.advance(1000);
      expect(await stage.fresh(), `before ${seconds} s`).to.deep.equal([]);
      stage.clock.advance(1000);
      expect(await stage.fresh(), `after ${seconds} s`).to.deep.equal([1, 2]);
    }
    const { entriesDelivered, entriesRedelivered } = stage.metrics;
    expect((await entriesDelivered.get()).values[0]?.value, "delivered").to.equal(2);
    expect((await entriesRedelivered.get()).values[0]?.value, "redelivered").to.equal(10);
    stage.clock.advance(60_000);
    await stage.settle();
    expect(stage.detached()).to.equal(1);
    expect(stage.closed).to.deep.equal([[JULIET.device, JULIET.fullJid]]);
    expect(stage.inVain).to.deep.equal([[JULIET.device, 1]]);
    expect(stage.delivery.sessionOf(JULIET.fullJid)).to.equal(undefined);
    stage.clock.advance(120_000);
    expect(stage.seqs()).to.deep.equal([]);
  });

  it("marks what goes again, and begins its back-off anew after an acknowledgement", async () => {
    const stage = new Stage();
    stage.last = 2;
    stage.delivery.open(JULIET, 0, false);
    await stage.settle();
    stage.link.sent.length = 0;
    stage.clock.advance(5000);
    await stage.settle();
    expect(stage.entries().map(({ seq, isRedelivery }) => [seq, isRedelivery])).to.deep.equal([
      [1, true],
      [2, true],
    ]);
    stage.acknowledge(1);
    await stage.fresh();
    stage.clock.advance(5000);
    expect(await stage.fresh()).to.deep.equal([2]);
  });

  it("does not send again what was acknowledged in time", async () => {
    const stage = new Stage();
    stage.last = 2;
    stage.delivery.open(JULIET, 0, false);
    await stage.settle();
    stage.acknowledge(2);
    stage.link.sent.length = 0;
    stage.clock.advance(600_000);
    expect(await stage.fresh()).to.deep.equal([]);
    expect(stage.closed).to.deep.equal([]);
  });

  it("sends one at a time to a device that was lost over the first entry", async () => {
    const stage = new Stage();
    stage.last = 3;
    stage.delivery.open(JULIET, 0, true);
    expect(await stage.fresh()).to.deep.equal([1]);
    stage.acknowledge(1);
    expect(await stage.fresh()).to.deep.equal([2]);
  });

  it("counts a delivery in vain of the entry that was first in line when the device went", async () => {
    const stage = new Stage();
    stage.last = 3;
    stage.delivery.open(JULIET, 0, false);
    await stage.settle();
    stage.acknowledge(1);
    stage.delivery.close(JULIET.fullJid);
    expect(stage.inVain, "the second, which it may have died of").to.deep.equal([[JULIET.device, 2]]);
    stage.delivery.open(JULIET, 1, false);
    await stage.settle();
    stage.acknowledge(3);
    stage.delivery.close(JULIET.fullJid);
    expect(stage.inVain, "nothing was on the way").to.have.length(1);
  });

  it("counts the entry behind when the acknowledgement of the first one was lost with the connection", async () => {
    const stage = new Stage();
    stage.last = 3;
    stage.delivery.open(JULIET, 0, false);
    await stage.settle();
    stage.delivery.close(JULIET.fullJid);
    expect(stage.inVain).to.deep.equal([[JULIET.device, 1]]);
    expect(stage.delivery.supersede(JULIET.device, 1, JULIET.fullJid), "it has the first").to.equal(true);
    expect(stage.inVain.slice(1)).to.deep.equal([[JULIET.device, 2]]);
    stage.delivery.open(JULIET, 1, false);
    await stage.settle();
    stage.delivery.close(JULIET.fullJid);
    expect(stage.delivery.supersede(JULIET.device, 1, JULIET.fullJid), "it has no more").to.equal(false);
    expect(stage.inVain).to.have.length(3);
  });

  it("ends a session whose end nobody noticed when the device attaches again, and counts from what it has", async () => {
    const stage = new Stage();
    stage.last = 3;
    stage.delivery.open(JULIET, 0, false);
    await stage.settle();
    expect(stage.delivery.supersede(JULIET.device, 2, "juliet@example.org/garden")).to.equal(true);
    expect(stage.inVain).to.deep.equal([[JULIET.device, 3]]);
    expect(stage.detached()).to.equal(1);
    expect(stage.delivery.supersede(JULIET.device, 2, "juliet@example.org/garden")).to.equal(false);
    stage.delivery.open(JULIET, 2, false);
    await stage.settle();
    expect(stage.delivery.supersede(JULIET.device, 3, JULIET.fullJid), "it has all").to.equal(false);
    expect(stage.inVain).to.have.length(1);
    expect(stage.detached(), "told again, on the same stream").to.equal(1);
  });

  it("asks every device to attach anew when the link is up again, and blames no entry for it", async () => {
    const stage = new Stage();
    stage.last = 2;
    stage.delivery.recall(["romeo@example.org/orchard"]);
    stage.delivery.open(JULIET, 0, false);
    await stage.settle();
    stage.delivery.restart();
    expect(stage.detached()).to.equal(1);
    expect(stage.detached("romeo@example.org/orchard")).to.equal(1);
    expect(stage.restarts(), "nothing but a restart").to.equal(1);
    expect(stage.delivery.sessionOf(JULIET.fullJid)).to.equal(undefined);
    expect(stage.inVain).to.deep.equal([]);
    stage.delivery.restart();
    expect(stage.detached()).to.equal(1);
  });

  it("sends nothing while the link is down, and gives nobody up for it", async () => {
    const stage = new Stage();
    stage.delivery.open(JULIET, 0, false);
    await stage.settle();
    stage.link.isOnline = false;
    stage.arrive(2);
    stage.clock.advance(3_600_000);
    expect(await stage.fresh()).to.deep.equal([]);
    expect(stage.closed).to.deep.equal([]);
  });

  it("survives a server that does not read, and sends again", async () => {
    const stage = new Stage();
    stage.delivery.open(JULIET, 0, false);
    await stage.settle();
    stage.link.isFull = true;
    stage.arrive(2);
    stage.delivery.tellDetached("romeo@example.org/orchard", "no room for this either");
    expect(await stage.fresh()).to.deep.equal([]);
    stage.link.isFull = false;
    stage.clock.advance(5000);
    expect(await stage.fresh()).to.deep.equal([1, 2]);
  });

  it("tries again when the mailbox could not be read", async () => {
    const stage = new Stage();
    stage.last = 2;
    stage.readFails = true;
    stage.delivery.open(JULIET, 0, false);
    expect(await stage.fresh()).to.deep.equal([]);
    stage.readFails = false;
    stage.clock.advance(5000);
    expect(await stage.fresh()).to.deep.equal([1, 2]);
  });

  it("tells the earlier full JID of a device that another took over", async () => {
    const stage = new Stage();
    const elsewhere = { ...JULIET, fullJid: "juliet@example.org/tomb" };
    stage.delivery.open(JULIET, 0, false);
    stage.delivery.open(elsewhere, 0, false);
    stage.last = 1;
    stage.delivery.offer([offer(JULIET.device, 1)]);
    await stage.settle();
    expect(stage.detached()).to.equal(1);
    expect(stage.seqs()).to.deep.equal([]);
    expect(stage.seqs(elsewhere.fullJid)).to.deep.equal([1]);
    stage.delivery.close(JULIET.fullJid);
    expect(stage.delivery.sessionOf(elsewhere.fullJid)).to.include({ device: JULIET.device });
    expect(stage.closed).to.deep.equal([]);
  });

  it("closes the mailbox of a device whose full JID attaches as another device", async () => {
    const stage = new Stage();
    stage.delivery.open(JULIET, 0, false);
    stage.delivery.open({ ...JULIET, device: 3 }, 0, false);
    await stage.settle();
    expect(stage.closed).to.deep.equal([[JULIET.device, JULIET.fullJid]]);
    stage.delivery.offer([offer(JULIET.device, 1)]);
    expect(await stage.fresh()).to.deep.equal([]);
  });

  it("closes every session of an account, and no other", async () => {
    const stage = new Stage();
    const romeo = {
      ...JULIET,
      device: 9,
      accountJid: "romeo@example.org",
      fullJid: "romeo@example.org/orchard",
    };
    const second = { ...JULIET, device: 3, fullJid: "juliet@example.org/tomb" };
    for (const session of [JULIET, second, romeo]) stage.delivery.open(session, 0, false);
    stage.delivery.closeAccount("juliet@example.org", "the number is gone");
    expect(stage.closed.map(([device]) => device)).to.have.members([2, 3]);
    expect(stage.delivery.sessionOf(romeo.fullJid)).to.include({ device: 9 });
  });

  it("reads no more than a window of a hundred thousand entries that wait", async () => {
    const stage = new Stage(256);
    stage.last = 100_000;
    stage.delivery.open(JULIET, 0, false);
    await stage.settle();
    stage.arrive(1000);
    await stage.settle();
    expect(stage.seqs()).to.have.length(256);
    const asked = stage.reads.reduce((sum, [, entries]) => sum + entries, 0);
    expect(asked).to.be.at.most(256);
  });

  it("has at most 1 MiB on the way, in stanzas of at most about 64 KiB", async () => {
    const stage = new Stage(4096);
    stage.sizeBytes = 30_000;
    stage.last = 1000;
    stage.delivery.open(JULIET, 0, false);
    for (let round = 0; round < 10; round += 1) await stage.settle();
    const bytes = stage.seqs().length * stage.sizeBytes;
    expect(bytes).to.be.within(1024 * 1024 - 64 * 1024, 1024 * 1024 + 64 * 1024);
  });

  it("sends an answer and the entries that are ready in one frame, and the answer at once", async () => {
    const stage = new Stage();
    stage.delivery.open({ ...JULIET, isFramed: true }, 0, false);
    await stage.settle();
    stage.arrive(2);
    stage.delivery.answer(JULIET.fullJid, encodeAnswer({ number: 7, outcomes: [] }));
    await turn();
    const frames = stage.link.sent.map((stanza) => stanza.getChild("frame", NS.mailbox) as Element);
    expect(frames).to.have.length(1);
    const content = decodeDelivery(readFrame(frames[0] as Element), "phone.example.org", () => []);
    expect(content.answers.map(({ number }) => number)).to.deep.equal([7]);
    expect(content.entries.map(({ seq }) => Number(seq))).to.deep.equal([1, 2]);
    await stage.settle();
    expect(stage.link.sent).to.have.length(1);
  });
});
