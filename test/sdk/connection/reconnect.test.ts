import { expect } from "chai";
import type { ConnectionOptions } from "../../../sdk/connection/connection.js";
import { NS } from "../../../src/namespaces.js";
import { type Element, xml } from "../../../src/xml.js";
import { ManualClock } from "../../support/manual-clock.js";
import { useProsody } from "../../support/prosody.js";
import { TcpProxy } from "../../support/tcp-proxy.js";
import { until } from "../../support/until.js";
import { Cast, failure, onlineTimes } from "./support.js";

function message(to: unknown, body: string): Element {
  return xml("message", { to: String(to), type: "chat" }, xml("body", {}, body));
}

function ping(to = "example.org"): Element {
  return xml("iq", { type: "get", to }, xml("ping", { xmlns: NS.ping }));
}

/** A dead server is noticed after at most 30 + 120 ms. */
const QUICK: Partial<ConnectionOptions> = { heartbeat: { intervalMs: 30, afterSendMs: 30, deadlineMs: 120 } };

describe("Connection on a bad network", () => {
  const prosody = useProsody();
  const cast = new Cast(prosody);
  let proxy: TcpProxy;
  beforeEach(async () => {
    await prosody().start();
    proxy = await TcpProxy.start(prosody().clientPort);
  });
  afterEach(async () => {
    await cast.closeAll();
    await proxy.close();
  });

  it("resumes the session after a cut, and each message arrives once and in order, both ways", async () => {
    const romeo = await cast.enter("romeo", { service: proxy.service });
    const juliet = await cast.enter("juliet");
    const { jid } = romeo.connection;
    for (let round = 0; round < 20; round++) {
      const sends = [0, 1, 2].map((at) =>
        romeo.connection.send(message(juliet.connection.jid, `${round}.${at}`)),
      );
      await juliet.connection.send(message(jid, `${round}`));
      // Cut at another moment each time: before, while and after the messages are on their way.
      for (let turn = 0; turn < round % 7; turn++) await new Promise(setImmediate);
      proxy.cut();
      await Promise.all(sends);
      await onlineTimes(romeo, round + 2);
    }
    expect(romeo.told.online.slice(1).every(({ isResumed }) => isResumed)).equal(true);
    expect(romeo.connection.jid?.toString()).equal(jid?.toString());
    await until("all of Romeo's", () => juliet.bodies().length >= 60);
    await until("all of Juliet's", () => romeo.bodies().length >= 20);
    expect(juliet.bodies()).eql(Array.from({ length: 60 }, (_, at) => `${Math.floor(at / 3)}.${at % 3}`));
    expect(romeo.bodies()).eql(Array.from({ length: 20 }, (_, at) => String(at)));
    expect(romeo.told.unacknowledged).eql([]);
  });

  it("keeps a request open across a resumption", async () => {
    const romeo = await cast.enter("romeo", { service: proxy.service });
    const juliet = await cast.enter("juliet");
    const asked = new Promise<() => void>((resolve) => {
      juliet.connection.handle(
        "get",
        "urn:example:slow",
        "query",
        () => new Promise((answer) => resolve(() => answer(undefined))),
      );
    });
    const to = String(juliet.connection.jid);
    const answer = romeo.connection.request(
      xml("iq", { type: "get", to }, xml("query", { xmlns: "urn:example:slow" })),
    );
    const giveAnswer = await asked;
    proxy.cut();
    giveAnswer();
    expect((await answer).attrs.type).equal("result");
  });

  it("comes back after a restart of the server, and reports what may have been lost", async () => {
    const romeo = await cast.enter("romeo", { service: proxy.service });
    proxy.stall();
    const lost = message("romeo@example.org", "into the void");
    await romeo.connection.send(lost);
    const request = failure(romeo.connection.request(ping()));
    await prosody().kill("SIGKILL");
    await prosody().start();
    proxy.heal();
    await onlineTimes(romeo, 2);
    expect(romeo.told.online[1]?.isResumed).equal(false);
    expect(romeo.told.unacknowledged).eql([{ stanzas: [lost] }]);
    expect(await request).include({ code: "unknown-outcome" });
    await romeo.connection.request(ping());
  });

  it("comes back after a clean shutdown of the server", async () => {
    const romeo = await cast.enter("romeo");
    await prosody().restart();
    await onlineTimes(romeo, 2);
    expect(romeo.told.fatal).eql([]);
  });

  it("notices an idle server that is gone within the interval and the deadline", async () => {
    const romeo = await cast.enter("romeo", { service: proxy.service, ...QUICK });
    const stalledAt = performance.now();
    proxy.stall();
    await until("noticed", () => romeo.told.offline.length === 1);
    expect(romeo.told.offline[0]?.reason.code).equal("peer-silent");
    expect(performance.now() - stalledAt).within(100, 1_500);
    proxy.heal();
    await onlineTimes(romeo, 2);
    expect(romeo.told.online[1]?.isResumed).equal(true);
  });

  it("notices after a send that nothing comes back, long before the next idle check", async () => {
    const heartbeat = { intervalMs: 60_000, afterSendMs: 30, deadlineMs: 120 };
    const romeo = await cast.enter("romeo", { service: proxy.service, heartbeat });
    proxy.stall();
    await romeo.connection.send(message(romeo.connection.jid, "anybody there?"));
    await until("noticed", () => romeo.told.offline.length === 1, 2_000);
    proxy.heal();
    await until("delivered after the resumption", () => romeo.bodies().length === 1);
  });

  it("stays online through silence as long as the server answers", async () => {
    const romeo = await cast.enter("romeo", { service: proxy.service, ...QUICK });
    const start = performance.now();
    await until("twenty intervals", () => performance.now() - start > 600);
    expect(romeo.told.offline).eql([]);
  });

  it("gives up on a server that accepts and then says nothing, and goes on trying", async () => {
    proxy.stall();
    const romeo = await cast.prepare("romeo", { service: proxy.service, connectTimeoutMs: 60 });
    const started = romeo.connection.start();
    await until("three attempts", () => proxy.accepted >= 3);
    expect(romeo.told.error[0]).include({ code: "timeout" });
    proxy.heal();
    await started;
  });

  it("is stopped in the middle of an attempt without a wait", async () => {
    proxy.stall();
    const { connection, told } = await cast.prepare("romeo", { service: proxy.service });
    const started = failure(connection.start());
    await until("the attempt", () => proxy.accepted === 1);
    await connection.stop();
    expect(await started).include({ code: "stopped" });
    expect(told.error).eql([]);
  });

  it("reports what is unacknowledged when it is stopped while cut off", async () => {
    const clock = new ManualClock();
    const romeo = await cast.enter("romeo", { service: proxy.service, clock, random: () => 1 });
    proxy.stall();
    await romeo.connection.send("<message to='romeo@example.org'><body>?</body></message>");
    const request = failure(romeo.connection.request(ping()));
    proxy.cut();
    await until("noticed", () => romeo.connection.state === "waiting");
    expect(romeo.told.unacknowledged).eql([]);
    await romeo.connection.stop();
    expect(romeo.told.unacknowledged).eql([
      { stanzas: ["<message to='romeo@example.org'><body>?</body></message>"] },
    ]);
    expect(await request).include({ code: "stopped" });
  });

  it("waits twice as long after each failure, a random part of it, and a minute at most", async () => {
    const clock = new ManualClock();
    const delays: number[] = [];
    const noting = {
      now: () => clock.now(),
      monotonicMs: () => clock.monotonicMs(),
      after(delayMs: number, work: () => void) {
        delays.push(delayMs);
        return clock.after(delayMs, work);
      },
    };
    const romeo = await cast.enter("romeo", {
      clock: noting,
      connectTimeoutMs: 7,
      heartbeat: { intervalMs: 7 },
      random: () => 0.5,
    });
    await prosody().stop();
    await until("eight failures", () => {
      if (romeo.connection.state === "waiting") clock.advance(30_000);
      return romeo.told.error.length === 8;
    });
    const waits = delays.filter((delayMs) => delayMs !== 7);
    expect(waits.slice(0, 8)).eql([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });
});
