import { expect } from "chai";
import type { BotClient } from "../../sdk/bot/mod.js";
import type { InboxItem, MessageContent } from "../../sdk/mod.js";
import { messageId } from "../../src/ids.js";
import { until } from "../support/until.js";

/** Somebody to whom and from whom a client under this contract sends. */
export const PEER = "+15551230002";

/** A client under test, and what is around it. */
export interface BotClientStage {
  /** A client on the same store as the last, not started. */
  open(): Promise<BotClient>;
  /** The process of the last client is gone. */
  crash(): Promise<void> | void;
  /** Brings a text of {@link PEER} to the client. */
  bring(text: string): Promise<void> | void;
  /** What was sent to {@link PEER}, each message once. */
  sent(): readonly (MessageContent & { readonly id: string })[];
  close(): Promise<void> | void;
}

/** What a client promises a bot: see `BotClient`. */
export function describeBotClient(name: string, stage: () => BotClientStage): void {
  describe(`BotClient: ${name}`, () => {
    let place: BotClientStage;
    beforeEach(() => {
      place = stage();
    });
    afterEach(() => place.close());

    /** A client with an open inbox, and what came out of it. */
    async function enter(): Promise<{ client: BotClient; items: InboxItem[] }> {
      const client = await place.open();
      const items: InboxItem[] = [];
      const inbox = client.inbox();
      await client.start();
      void (async () => {
        for await (const item of inbox) items.push(item);
      })();
      return { client, items };
    }

    const texts = (items: readonly InboxItem[]): string[] =>
      items.map((item) => ("text" in item ? item.text : item.kind));

    it("yields what arrives in order, and again after a crash until a unit has acknowledged it", async () => {
      const { client, items } = await enter();
      for (const text of ["one", "two", "three"]) await place.bring(text);
      await until("three items", () => items.length === 3);
      expect(items.map(({ from, kind }) => `${kind} ${from}`)).to.deep.equal(
        Array.from({ length: 3 }, () => `message ${PEER}`),
      );
      await client.commit((unit) => unit.acknowledge(items[1]!));
      await place.crash();
      const next = await enter();
      await place.bring("four");
      await until("the rest", () => next.items.length === 3);
      expect(texts(next.items)).to.deep.equal(["one", "three", "four"]);
      const firstNew = next.items.map(({ order }) => order < items[2]!.order + 1);
      expect(firstNew).to.deep.equal([true, true, false]);
    });

    it("says from which order on items are new", async () => {
      const first = await enter();
      await place.bring("old");
      await until("the item", () => first.items.length === 1);
      await place.crash();
      const client = await place.open();
      const { nextOrder } = client;
      const items: InboxItem[] = [];
      const inbox = client.inbox();
      await client.start();
      void (async () => {
        for await (const item of inbox) items.push(item);
      })();
      await place.bring("new");
      await until("both", () => items.length === 2);
      expect(items.map(({ order }) => order >= nextOrder)).to.deep.equal([false, true]);
    });

    it("makes all of a unit durable, and sends what it sends", async () => {
      const { client, items } = await enter();
      await place.bring("one");
      await until("the item", () => items.length === 1);
      const id = messageId("answer-1");
      const handle = await client.commit((unit) => {
        unit.set("note", Buffer.from("noted"));
        unit.acknowledge(items[0]!);
        return unit.send(PEER, "answer", { id });
      });
      await handle.until("accepted", { timeoutMs: 5_000 });
      expect(place.sent()).to.deep.include({
        id,
        kind: "text",
        text: "answer",
        quote: undefined,
        replaces: undefined,
      });
      await place.crash();
      const next = await enter();
      expect(next.client.read((view) => Buffer.from(view.get("note")!).toString())).to.equal("noted");
      expect(next.client.read((view) => view.scan("").map(([key]) => key))).to.deep.equal(["note"]);
      expect(next.client.sent(id)?.state).to.equal("accepted");
      expect(next.items).to.deep.equal([]);
    });

    it("does nothing of a unit that throws", async () => {
      const { client, items } = await enter();
      await place.bring("one");
      await until("the item", () => items.length === 1);
      const failure = await client
        .commit((unit) => {
          unit.set("note", Buffer.from("noted"));
          unit.acknowledge(items[0]!);
          unit.send(PEER, "answer", { id: "answer-1" });
          throw new RangeError("no");
        })
        .catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(RangeError);
      await place.crash();
      const next = await enter();
      await until("the item again", () => next.items.length === 1);
      expect(next.client.read((view) => view.scan(""))).to.deep.equal([]);
      expect(next.client.sent(messageId("answer-1"))).to.equal(undefined);
    });

    it("sends once under an id, keeps the first text only when asked to, and refuses another otherwise", async () => {
      const { client } = await enter();
      const send = (text: string, isFirstKept: boolean) =>
        client.commit((unit) => unit.send(PEER, text, { id: "same", isFirstKept }));
      await (await send("one", false)).until("accepted", { timeoutMs: 5_000 });
      await send("one", false);
      await (await send("two", true)).until("accepted", { timeoutMs: 5_000 });
      expect(await send("two", false).catch((error: unknown) => error)).to.include({ code: "invalid-input" });
      await place.crash();
      await (await enter()).client.commit((unit) => unit.send(PEER, "one", { id: "same" }));
      expect(place.sent().map((content) => content.kind === "text" && content.text)).to.deep.equal(["one"]);
    });

    it("carries reactions, corrections, retractions and quotes", async () => {
      const { client } = await enter();
      const of = messageId("said-1");
      const contents: MessageContent[] = [
        { kind: "reaction", of, emojis: ["👍", "🎉"] },
        { kind: "text", text: "<b>", replaces: of, quote: undefined },
        { kind: "retraction", of },
        {
          kind: "text",
          text: "yes",
          replaces: undefined,
          quote: { id: of, author: undefined, text: "a\nb" },
        },
      ];
      for (const content of contents) {
        const handle = await client.commit((unit) => unit.send(PEER, content));
        await handle.until("accepted", { timeoutMs: 5_000 });
      }
      expect(place.sent()).to.have.lengthOf(contents.length);
      expect(place.sent()).to.deep.equal(place.sent().map(({ id }, index) => ({ id, ...contents[index] })));
    });

    it("refuses to commit when it was stopped", async () => {
      const { client } = await enter();
      await client.stop();
      const failure = await client.commit((unit) => unit.send(PEER, "late")).catch((error: unknown) => error);
      expect(failure).to.include({ code: "stopped" });
    });
  });
}
