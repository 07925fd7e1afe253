import { expect } from "chai";
import type { AdHocCommand, CommandStage, IqRequest } from "../../../component/capability.js";
import { createCommands } from "../../../component/commands/mod.js";
import { english } from "../../../component/languages/en.js";
import { SESSION_TTL_MS } from "../../../component/commands/service.js";
import { formElement, submitElement } from "../../../src/data-form.js";
import { InvalidInput, StanzaError } from "../../../src/errors.js";
import { Jid } from "../../../src/jid.js";
import { NS } from "../../../src/namespaces.js";
import { attribute, stanzaErrorElement, xml, type Element } from "../../../src/xml.js";
import { ManualClock } from "../../support/manual-clock.js";

const ROMEO = Jid.parse("romeo@example.org/orchard");

const stage = (name: string, next: () => Promise<CommandStage>, isLast = false): CommandStage => ({
  status: "executing",
  isLast,
  form: formElement({ type: "form", title: name, fields: [] }),
  next,
});

const twoSteps: AdHocCommand = {
  node: "two-steps",
  name: "Two steps",
  mayRun: (from) => from.domain === "example.org",
  start: () =>
    Promise.resolve(
      stage("first", () =>
        Promise.resolve(stage("second", () => Promise.resolve({ status: "completed", note: "done" }), true)),
      ),
    ),
};
const atOnce: AdHocCommand = {
  node: "at-once",
  name: "At once",
  start: () => Promise.resolve({ status: "completed", note: "hello" }),
};

describe("XEP-0050: ad-hoc commands", () => {
  let clock: ManualClock;
  let commands: ReturnType<typeof createCommands>;
  let refuseOnce: Error | undefined;
  let release: (() => void) | undefined;

  const picky: AdHocCommand = {
    node: "picky",
    name: "Picky",
    start: () =>
      Promise.resolve(
        stage("only", () => {
          const refusal = refuseOnce;
          refuseOnce = undefined;
          return refusal ? Promise.reject(refusal) : Promise.resolve({ status: "completed" });
        }),
      ),
  };
  const slow: AdHocCommand = {
    node: "slow",
    name: "Slow",
    start: () =>
      Promise.resolve(
        stage("only", () => new Promise((resolve) => (release = () => resolve({ status: "completed" })))),
      ),
  };

  beforeEach(() => {
    clock = new ManualClock();
    commands = createCommands(clock, () => [twoSteps, atOnce, picky, slow]);
  });

  const run = (attributes: Record<string, string>, child?: Element, from = ROMEO): Promise<Element> => {
    const payload = xml("command", { xmlns: NS.commands, ...attributes }, child);
    const request: IqRequest = { from, to: Jid.parse("phone.example.org"), id: "1", payload };
    return commands.responder.handle(request);
  };
  const filled = (): Element => submitElement(undefined, {});
  const begin = async (node = "two-steps", from = ROMEO): Promise<string> =>
    attribute(await run({ node, action: "execute" }, undefined, from), "sessionid")!;
  const condition = async (work: Promise<unknown>): Promise<string> => {
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(StanzaError);
    const element = stanzaErrorElement(error as StanzaError);
    const own = element.children.find((child) => (child as Element).attrs["xmlns"] === NS.commands);
    return own ? (own as Element).name : (error as StanzaError).condition;
  };

  it("answers a command of one step at once (§2.4)", async () => {
    const answer = await run({ node: "at-once" });
    expect(attribute(answer, "status")).to.equal("completed");
    expect(answer.getChildText("note")).to.equal("hello");
    expect(attribute(answer, "sessionid")).to.be.a("string");
  });

  it("goes through several stages and says which actions there are (§2.4.2, §3.4)", async () => {
    const first = await run({ node: "two-steps", action: "execute" });
    expect(attribute(first, "status")).to.equal("executing");
    expect(first.getChild("actions")!.toString()).to.equal('<actions execute="next"><next/></actions>');
    const sessionid = attribute(first, "sessionid")!;
    const second = await run({ node: "two-steps", sessionid, action: "next" }, filled());
    expect(second.getChild("actions")!.toString()).to.equal(
      '<actions execute="complete"><prev/><complete/></actions>',
    );
    expect(second.getChild("x", NS.dataForms)!.getChildText("title")).to.equal("second");
    const end = await run({ node: "two-steps", sessionid, action: "complete" }, filled());
    expect([attribute(end, "status"), end.getChildText("note")]).to.deep.equal(["completed", "done"]);
    expect(await condition(run({ node: "two-steps", sessionid }, filled()))).to.equal("session-expired");
  });

  it("takes the form of a client that knows it with the first request", async () => {
    const answer = await run({ node: "two-steps", action: "execute" }, filled());
    expect(answer.getChild("x", NS.dataForms)!.getChildText("title")).to.equal("second");
  });

  it("goes back a stage (§3.4)", async () => {
    const sessionid = await begin();
    await run({ node: "two-steps", sessionid, action: "next" }, filled());
    const back = await run({ node: "two-steps", sessionid, action: "prev" });
    expect(back.getChild("x", NS.dataForms)!.getChildText("title")).to.equal("first");
    expect(await condition(run({ node: "two-steps", sessionid, action: "prev" }))).to.equal("bad-action");
  });

  it("cancels (§2.4.3)", async () => {
    const sessionid = await begin();
    const answer = await run({ node: "two-steps", sessionid, action: "cancel" });
    expect(attribute(answer, "status")).to.equal("canceled");
    expect(await condition(run({ node: "two-steps", sessionid }, filled()))).to.equal("session-expired");
  });

  describe("answers with the conditions of §4.4", () => {
    it("malformed-action", async () =>
      expect(await condition(run({ node: "at-once", action: "dance" }))).to.equal("malformed-action"));
    it("bad-action: complete while there are further steps", async () => {
      const sessionid = await begin();
      const early = run({ node: "two-steps", sessionid, action: "complete" }, filled());
      expect(await condition(early)).to.equal("bad-action");
    });
    it("bad-action: cancel of nothing", async () =>
      expect(await condition(run({ node: "two-steps", action: "cancel" }))).to.equal("bad-action"));
    it("bad-locale", async () =>
      expect(await condition(run({ node: "at-once", "xml:lang": "not a language" }))).to.equal("bad-locale"));
    it("bad-payload: no form", async () => {
      const sessionid = await begin();
      expect(await condition(run({ node: "two-steps", sessionid }))).to.equal("bad-payload");
    });
    it("bad-payload: no such form", async () => {
      const broken = xml("x", { xmlns: NS.dataForms, type: "banana" });
      expect(await condition(run({ node: "two-steps" }, broken))).to.equal("bad-payload");
    });
    it("bad-payload: a form that its reader does not take", async () => {
      const sessionid = await begin("picky");
      refuseOnce = new InvalidInput("the field number is missing");
      expect(await condition(run({ node: "picky", sessionid }, filled()))).to.equal("bad-payload");
    });
    it("bad-sessionid: unknown, or of another command", async () => {
      const sessionid = await begin();
      expect(await condition(run({ node: "two-steps", sessionid: "guess" }, filled()))).to.equal(
        "bad-sessionid",
      );
      expect(await condition(run({ node: "picky", sessionid }, filled()))).to.equal("bad-sessionid");
    });
    it("session-expired", async () => {
      const sessionid = await begin();
      clock.advance(SESSION_TTL_MS);
      expect(await condition(run({ node: "two-steps", sessionid }, filled()))).to.equal("session-expired");
    });
  });

  it("lets nobody else go on with a session, not even another resource", async () => {
    const sessionid = await begin();
    for (const other of ["romeo@example.org/balcony", "juliet@example.org/orchard"]) {
      const work = run({ node: "two-steps", sessionid }, filled(), Jid.parse(other));
      expect(await condition(work)).to.equal("bad-sessionid");
    }
  });

  it("keeps the stage when the form is refused, so that it can be sent again", async () => {
    const sessionid = await begin("picky");
    refuseOnce = new StanzaError("not-authorized", "wrong");
    expect(await condition(run({ node: "picky", sessionid }, filled()))).to.equal("not-authorized");
    const answer = await run({ node: "picky", sessionid }, filled());
    expect(attribute(answer, "status")).to.equal("completed");
  });

  it("works on one form of a session at a time", async () => {
    const sessionid = await begin("slow");
    const first = run({ node: "slow", sessionid }, filled());
    expect(await condition(run({ node: "slow", sessionid }, filled()))).to.equal("unexpected-request");
    release!();
    expect(attribute(await first, "status")).to.equal("completed");
  });

  it("forgets the oldest of an account's sessions when it opens too many, and nobody else's", async () => {
    const juliets = await begin("two-steps", Jid.parse("juliet@example.org/x"));
    const sessions = [];
    for (let i = 0; i < 11; i++) sessions.push(await begin());
    expect(await condition(run({ node: "two-steps", sessionid: sessions[0]! }, filled()))).to.equal(
      "bad-sessionid",
    );
    await run({ node: "two-steps", sessionid: sessions[1]! }, filled());
    await run({ node: "two-steps", sessionid: juliets }, filled(), Jid.parse("juliet@example.org/x"));
  });

  it("forbids strangers what is for accounts of the host, and does not show it to them", async () => {
    const stranger = Jid.parse("tybalt@elsewhere.example/x");
    expect(await condition(run({ node: "two-steps" }, undefined, stranger))).to.equal("forbidden");
    const shown = (from: Jid) =>
      commands.responder
        .items(from, "phone.example.org", english)
        .map((item) => item.attrs["node"] as string);
    expect(shown(stranger)).to.deep.equal(["at-once", "picky", "slow"]);
    expect(shown(ROMEO)).to.include("two-steps");
  });

  it("describes a command to service discovery (§2.2), and knows no other", async () => {
    expect(commands.responder.info("at-once", english)!.map(String)).to.include(
      '<identity category="automation" type="command-node" name="At once"/>',
    );
    expect(commands.responder.info("nothing", english)).to.equal(undefined);
    expect(await condition(run({ node: "nothing" }))).to.equal("item-not-found");
    expect(await condition(run({}))).to.equal("bad-request");
  });
});
