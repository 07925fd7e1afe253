import { expect } from "chai";
import { LinkError, OmemoError, StanzaError } from "../../../sdk/mod.js";
import { MAX_PAYLOAD_BYTES, writeSubmitted } from "../../../src/mailbox-submit.js";
import { NS } from "../../../src/namespaces.js";
import { until } from "../../support/until.js";
import { failure } from "../connection/support.js";
import { acceptAll, PEER } from "./fake-service.js";
import { limitedStorage } from "./limited-storage.js";
import { Stage } from "./stage.js";

const OTHER = "+15551230003";

describe("Outbox, until every send has ended", () => {
  let stage: Stage;
  beforeEach(() => {
    stage = new Stage();
  });
  afterEach(() => stage.clear());

  const soon = async (what: string, holds: () => boolean): Promise<void> =>
    await until(what, () => {
      stage.clock.advance(1_000);
      return holds();
    });

  it("ends a send whose devices are never known", async () => {
    const { client } = await stage.enter();
    stage.omemo.prepare = () => new Promise<void>(() => {});
    const handle = await client.send(PEER, "But soft");
    const before = stage.clock.now();
    const ended = failure(handle.until("accepted"));
    await soon("the end", () => handle.state === "failed");
    expect(await ended).to.include({ code: "timeout" });
    expect(stage.clock.now() - before).to.be.at.most(32_000);
  });

  it("ends a send that is never answered, although the mailbox opens again each time", async () => {
    const { client } = await stage.enter();
    stage.service.answer = () => {
      stage.clock.advance(10_000);
      return new LinkError("timeout", "no answer");
    };
    const handle = await client.send(PEER, "But soft");
    await soon("the end", () => handle.state === "failed");
    expect(stage.service.submits.length).to.be.within(2, 4);
    expect(handle.failure).to.include({ code: "timeout" });
  });

  it("submits nothing of messages that got too large, and sends those around them", async () => {
    const { client } = await stage.enter();
    const asked: string[] = [];
    const request = stage.service.request.bind(stage.service);
    stage.service.request = (iq) => {
      asked.push(iq.toString());
      return request(iq);
    };
    // Escaped it is five times as long
    const huge = "&".repeat(MAX_PAYLOAD_BYTES / 3);
    const texts = ["one", huge, huge, "four", huge, "six"];
    const handles = await Promise.all(texts.map((text) => client.send(PEER, text)));
    const ended = handles.map((handle) =>
      handle.until("accepted").then(
        () => "accepted",
        () => "failed",
      ),
    );
    for (let count = 0; count < 20; count++) await client.send(OTHER, `${count}`);
    expect(await Promise.all(ended)).to.deep.equal([
      "accepted",
      "failed",
      "failed",
      "accepted",
      "failed",
      "accepted",
    ]);
    expect(asked.filter((iq) => iq.includes(">undefined<"))).to.deep.equal([]);
    const submitted = stage.service.messages.filter(({ to }) => to.local === PEER);
    expect(submitted.map(({ id }) => id)).to.deep.equal([0, 3, 5].map((index) => handles[index]?.id));
  });

  it("notes how a send ended when there is room on the disk again", async () => {
    const storage = limitedStorage();
    const { client, told } = await stage.enter(storage);
    stage.service.answer = (submit) => {
      storage.isFull = true;
      const [first] = submit.messages;
      const error = new StanzaError("item-not-found", "nobody");
      return first?.to.local === OTHER ? writeSubmitted([{ id: first.id, error }]) : acceptAll(submit);
    };
    const accepted = await client.send(PEER, "But soft");
    await until("the error", () => (told.error?.length ?? 0) > 0);
    storage.isFull = false;
    await soon("the acceptance", () => accepted.state === "accepted");
    const refused = await client.send(OTHER, "But soft");
    await until("another error", () => (told.error?.length ?? 0) > 1);
    storage.isFull = false;
    await soon("the refusal", () => refused.state === "failed");
    expect(stage.service.submits).to.have.lengthOf(2);
  });

  it("stops while the disk is full", async () => {
    const storage = limitedStorage();
    const { client, told } = await stage.enter(storage);
    stage.service.answer = (submit) => {
      storage.isFull = true;
      return acceptAll(submit);
    };
    await client.send(PEER, "But soft");
    await until("the error", () => (told.error?.length ?? 0) > 0);
    await client.stop();
    expect(client.state).to.equal("stopped");
  });

  it("submits nothing more once it is being stopped, even when the mailbox opens again", async () => {
    const { client } = await stage.enter();
    stage.service.answer = () => new Promise<string>(() => {});
    const handles = [await client.send(PEER, "one"), await client.send(OTHER, "two")];
    await until("the submit", () => stage.service.messages.length === 2);
    const { length } = stage.service.submits;
    const stopped = client.stop();
    stage.service.say(`<detached xmlns='${NS.mailbox}'>restarted</detached>`);
    await until("another attach", () => stage.service.attaches.length === 2);
    await soon("the end", () => client.state === "stopped");
    await stopped;
    expect(stage.service.submits).to.have.lengthOf(length);
    expect(handles.map(({ state }) => state)).to.deep.equal(["queued", "queued"]);
  });

  it("does not hold it against a number that earlier messages to it failed for good", async () => {
    const { client } = await stage.enter();
    stage.omemo.prepareError = new OmemoError("untrusted-identity", "all have changed");
    for (let count = 0; count < 8; count++) {
      const handle = await client.send(PEER, `${count}`);
      await failure(handle.until("accepted"));
    }
    stage.omemo.prepareError = new LinkError("timeout", "no answer");
    const handle = await client.send(PEER, "at last");
    await until("an attempt", () => stage.omemo.prepared === 9);
    stage.omemo.prepareError = undefined;
    await soon("the end", () => handle.state !== "queued");
    expect(handle.state).to.equal("accepted");
  });

  it("asks for the devices of a bounded number of people at the same time", async () => {
    const { client } = await stage.enter();
    let running = 0;
    let most = 0;
    stage.omemo.prepare = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    };
    const numbers = Array.from({ length: 300 }, (_, index) => `+1555124${1000 + index}`);
    const handles = await Promise.all(numbers.map((number) => client.send(number, "to everybody")));
    await Promise.all(handles.map((handle) => handle.until("accepted")));
    expect(most).to.be.within(2, 64);
  });
});
