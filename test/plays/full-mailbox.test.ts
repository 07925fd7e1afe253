import { expect } from "chai";
import type { SubmitOutcome } from "../../src/mailbox-submit.js";
import { attribute, parseStanzaError, type Element } from "../../src/xml.js";
import { freshNumber, People } from "../sdk/client/people.js";
import { body, RawDevice, type Form } from "../support/raw-device.js";
import { StockApp } from "../support/stock-app.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

const MAX_ENTRIES = 5;
const MAX_BYTES = 4096;

function describeOutcome(outcome: SubmitOutcome): string {
  if (!("error" in outcome)) return "accepted";
  const { type, condition, applicationCondition } = outcome.error;
  return `${type} ${condition} ${applicationCondition}`;
}

describe(`a mailbox that holds ${MAX_ENTRIES} entries`, () => {
  const world = useWorld({ config: { mailbox: { maxEntries: MAX_ENTRIES, maxBytes: MAX_BYTES } } });
  const people = new People(world);
  const open: { stop(): Promise<void> }[] = [];
  const device = async (form?: Form): Promise<RawDevice> => {
    const one = await RawDevice.online(await world().person(freshNumber()), form);
    open.push(one);
    return one;
  };
  afterEach(async () => {
    await people.leave();
    await Promise.all(open.splice(0).map((one) => one.stop()));
  });

  const refusals = async (): Promise<number> => {
    const metrics = await (await fetch(`http://127.0.0.1:${world().app.httpPort}/metrics`)).text();
    return Number(/^twotick_messages_total\{outcome="mailbox-full"\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
  };
  const FULL = "wait resource-constraint mailbox-full";

  for (const form of ["xml", "frame"] as const)
    it(`refuses what is too much to the sender, and takes it when there is room, as ${form}`, async () => {
      const [romeo, juliet, mercutio] = [await device(form), await device(form), await device(form)];
      await juliet.stop();
      const before = await refusals();
      const lines = Array.from({ length: MAX_ENTRIES + 2 }, (_, index) => {
        return { to: juliet.numberJid, payload: body(`line ${index}`) };
      });
      const outcomes = await romeo.submit([...lines, { to: mercutio.numberJid, payload: body("you") }]);
      const accepted = Array.from({ length: MAX_ENTRIES }, () => "accepted");
      expect(outcomes.map(describeOutcome)).to.deep.equal([...accepted, FULL, FULL, "accepted"]);
      expect(await refusals()).to.equal(before + 2);
      expect(await mercutio.texts(1), "nobody else is held up").to.deep.equal(["you"]);

      const back = await RawDevice.online(juliet.credentials, form);
      open.push(back);
      expect(await back.texts(MAX_ENTRIES)).to.have.lengthOf(MAX_ENTRIES);
      await romeo.receipt(outcomes[MAX_ENTRIES - 1]?.id as never, "delivered");
      const again = await romeo.submit(lines.slice(MAX_ENTRIES));
      expect(again.map(describeOutcome)).to.deep.equal(["accepted", "accepted"]);
      expect(await back.texts(MAX_ENTRIES + 2)).to.deep.equal(lines.map((_, index) => `line ${index}`));
    });

  it("is full of bytes as well, and takes nothing smaller that comes behind what was refused", async () => {
    const [romeo, juliet] = [await device(), await device()];
    await juliet.stop();
    const say = (text: string) => ({ to: juliet.numberJid, payload: body(text) });
    const outcomes = await romeo.submit([say("first"), say("x".repeat(MAX_BYTES)), say("small")]);
    expect(outcomes.map(describeOutcome)).to.deep.equal(["accepted", FULL, FULL]);
  });

  it("is told to an ordinary app as an error under the id of its message", async () => {
    const juliet = await device();
    await juliet.stop();
    const romeo = await StockApp.online(await world().appPerson(freshNumber()));
    open.push(romeo);
    for (let index = 0; index < MAX_ENTRIES; index += 1) await romeo.say(juliet.numberJid, `line ${index}`);
    const id = await romeo.say(juliet.numberJid, "one too many");
    const isRefusal = (one: Element): boolean => attribute(one, "type") === "error";
    const error = await romeo.got("the refusal", isRefusal);
    expect(attribute(error, "id")).to.equal(id);
    expect(parseStanzaError(error.getChild("error"))).to.include({
      type: "wait",
      condition: "resource-constraint",
    });
  });

  it("is tried again by the SDK, which brings everything in order when there is room", async () => {
    const juliet = await people.arrive();
    const romeo = await people.arrive();
    await juliet.client.stop();
    const before = await refusals();
    const texts = Array.from({ length: MAX_ENTRIES * 2 }, (_, index) => `line ${index}`);
    const handles = await Promise.all(
      texts.map((text) => romeo.client.send(juliet.account.number as string, text)),
    );
    const deadline = performance.now() + 10_000;
    while ((await refusals()) === before)
      expect(performance.now(), "until something is refused").to.be.below(deadline);
    expect(handles.at(-1)?.state).to.equal("queued");

    const back = await people.open(juliet.storage, { account: juliet.account });
    await until("everything is there", () => back.texts().length >= texts.length, 20_000);
    expect(back.texts()).to.deep.equal(texts);
    await Promise.all(handles.map((handle) => handle.until("delivered", { timeoutMs: 10_000 })));
    expect(romeo.told.failed).to.equal(undefined);
  });
});
