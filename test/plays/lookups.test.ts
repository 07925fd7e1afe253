import { createHash } from "node:crypto";
import { expect } from "chai";
import { StanzaError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { attribute, type Element, xml } from "../../src/xml.js";
import { submitElement } from "../../src/data-form.js";
import { AppAccount } from "../support/app-account.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";
const NEWCOMER = "+15551230003";
const LONDON = "+442079460100";
const CODES = { [NEWCOMER]: "000003" };
const device = { deviceId: 1 as never, publicKey: Buffer.alloc(32, 1) };

const refusal = (work: Promise<unknown>): Promise<StanzaError> =>
  work.then(
    () => {
      throw new Error("nothing was refused");
    },
    (error: unknown) => {
      if (error instanceof StanzaError) return error;
      throw error;
    },
  );
const gateway = (text: string): Element => xml("query", { xmlns: NS.gateway }, xml("prompt", {}, text));
const book = (numbers: readonly string[], ver?: string): Element =>
  xml("phone-book", { xmlns: NS.phoneBook, ver }, ...numbers.map((number) => xml("entry", { number })));

describe("Looking people up", () => {
  const world = useWorld({
    config: { signUp: { testNumbers: CODES }, lookups: { burst: 20, everySeconds: 600 } },
  });
  const apps: AppAccount[] = [];
  /** Somebody with a number and an ordinary app. */
  const enter = async (
    number: string,
    username: string,
    features: readonly string[] = [],
  ): Promise<AppAccount> => {
    await world().enrol(number, username, device);
    const app = await AppAccount.logIn(world(), username, features);
    apps.push(app);
    return app;
  };
  const at = (number: string): string => `${number}@${world().prosody.componentDomain}`;
  let romeo: AppAccount;
  before(async () => {
    romeo = await enter(ROMEO, "romeo");
    await world().person(JULIET, "juliet");
    await world().person(LONDON, "london");
  });
  after(async () => {
    await Promise.all(apps.map((app) => app.stop()));
  });

  describe("XEP-0100 §6.3: jabber:iq:gateway", () => {
    it("is announced, with an identity by which apps offer it", async () => {
      const info = await romeo.query("get", xml("query", { xmlns: NS.discoInfo }));
      const features = info.getChildren("feature").map((feature) => attribute(feature, "var"));
      expect(features).to.include.members([NS.gateway, NS.register, NS.search, NS.commands, NS.phoneBook]);
      expect(
        info.getChildren("identity").map(({ attrs }) => `${attrs["category"]}/${attrs["type"]}`),
      ).to.include("gateway/sms");
    });

    it("asks in the person's language", async () => {
      const asked = await romeo.query("get", xml("query", { xmlns: NS.gateway }), { "xml:lang": "es" });
      expect(asked.getChildText("prompt")).to.equal("Número de teléfono");
      expect(asked.getChildText("desc")).to.include("prefijo");
    });

    it("answers the address of a number, international or national, or a number JID", async () => {
      for (const text of [
        JULIET,
        "+1 555 123-0002",
        "(555) 123-0002",
        `tel:${JULIET}`,
        at(JULIET),
        "+1555١٢٣٠٠٠٢",
      ])
        expect((await romeo.query("set", gateway(text))).getChildText("jid"), text).to.equal(at(JULIET));
      const london = await enter("+442079460200", "londoner");
      expect((await london.query("set", gateway("020 7946 0100"))).getChildText("jid")).to.equal(at(LONDON));
    });

    it("says that nobody has the number, without repeating it", async () => {
      const error = await refusal(romeo.query("set", gateway("+15551239999")));
      expect(error.condition).to.equal("item-not-found");
      expect(error.message).to.not.include("9999");
    });

    it("refuses what is malformed", async () => {
      const cases: [Element, string][] = [
        [xml("query", { xmlns: NS.gateway }), "bad-request"],
        [
          xml("query", { xmlns: NS.gateway }, xml("prompt", {}, JULIET), xml("prompt", {}, ROMEO)),
          "bad-request",
        ],
        [gateway(""), "bad-request"],
        [gateway("__proto__"), "not-acceptable"],
        [gateway("9".repeat(10_000)), "not-acceptable"],
      ];
      for (const [payload, condition] of cases)
        expect(
          (await refusal(romeo.query("set", payload))).condition,
          payload.toString().slice(0, 90),
        ).to.equal(condition);
    });

    it("wants a number from whoever asks", async () => {
      const guest = await AppAccount.make(world(), "guest");
      apps.push(guest);
      expect((await refusal(guest.query("set", gateway(JULIET)))).condition).to.equal(
        "registration-required",
      );
    });
  });

  describe("XEP-0055: search", () => {
    const form = (phone: string): Element =>
      xml("query", { xmlns: NS.search }, submitElement(NS.search, { phone }));

    it("finds by form", async () => {
      const asked = await romeo.query("get", xml("query", { xmlns: NS.search }));
      expect(asked.getChild("x", NS.dataForms)?.toString()).to.include('var="phone"');
      const found = (await romeo.query("set", form(JULIET))).getChild("x", NS.dataForms)!;
      const values = found
        .getChild("item")!
        .getChildren("field")
        .map((field) => field.getChildText("value"));
      expect(values).to.deep.equal([JULIET, at(JULIET)]);
      const nobody = (await romeo.query("set", form("+15551239999"))).getChild("x", NS.dataForms)!;
      expect(nobody.getChild("item")).to.equal(undefined);
    });

    it("finds by the old field", async () => {
      const nick = (text: string): Element => xml("query", { xmlns: NS.search }, xml("nick", {}, text));
      const found = await romeo.query("set", nick("555-123-0002"));
      expect(attribute(found.getChild("item")!, "jid")).to.equal(at(JULIET));
      expect((await romeo.query("set", nick("+15551239999"))).children).to.deep.equal([]);
      expect((await refusal(romeo.query("set", nick(" ")))).condition).to.equal("not-acceptable");
      expect((await refusal(romeo.query("set", form("constructor")))).condition).to.equal("not-acceptable");
    });
  });

  describe("Phone books", () => {
    it("are answered with those who are here, and with nothing when the app knows it", async () => {
      const numbers = [LONDON, JULIET, "+15551239999", JULIET, "__proto__", "555", ""];
      const answer = await romeo.query("get", book(numbers));
      const entries = answer
        .getChildren("entry")
        .map((entry) => [attribute(entry, "number"), entry.getChildText("jid")]);
      expect(entries).to.deep.equal([
        [JULIET, at(JULIET)],
        [LONDON, at(LONDON)],
      ]);
      const text = [JULIET, LONDON].map((number) => `${number}\u001e${at(number)}`).join("\u001d");
      const ver = createHash("sha1").update(text).digest("base64");
      expect((await romeo.ask("get", book(numbers, ver))).children).to.deep.equal([]);
      expect((await romeo.query("get", book([]))).children).to.deep.equal([]);
    });
  });

  describe("The quota", () => {
    const range = (from: number, count: number): string[] =>
      Array.from({ length: count }, (_, index) => `+1555200${String(from + index).padStart(4, "0")}`);

    it("is one for all ways to ask; what was asked before costs nothing; a new component gives none back", async () => {
      const walker = await enter("+15551230005", "walker");
      const all = range(0, 20);
      await walker.ask("get", book(all));
      expect((await refusal(walker.query("set", gateway(JULIET)))).condition).to.equal("policy-violation");
      expect((await refusal(walker.ask("get", book(range(20, 1))))).type).to.equal("wait");
      await walker.ask("get", book(all));
      await world().stopComponent();
      await world().startComponent();
      expect((await refusal(walker.ask("get", book(range(20, 1))))).condition).to.equal("policy-violation");
    });

    it("refuses a book that is longer than it, whole", async () => {
      const walker = await enter("+15551230006", "walker6");
      const error = await refusal(walker.ask("get", book(range(100, 21))));
      expect([error.condition, error.type]).to.deep.equal(["policy-violation", "modify"]);
      await walker.ask("get", book(range(100, 20)));
    });
  });

  describe("XEP-0144: suggestions", () => {
    it("come after a phone book, to apps that announce it alone, and once", async () => {
      const mercutio = await enter("+15551230007", "mercutio", [NS.rosterExchange]);
      const plain = await AppAccount.logIn(world(), "mercutio");
      apps.push(plain);
      await plain.ask("get", book([JULIET, "+15551230007"]));
      await until("the suggestion", () => mercutio.suggested.length > 0, 15_000);
      await plain.ask("get", book([JULIET]));
      await plain.settle();
      expect([mercutio.suggested, plain.suggested]).to.deep.equal([[at(JULIET)], []]);
    });

    it("come once to an app that shows them and says that it cannot", async () => {
      const paris = await enter("+15551230009", "paris", [NS.rosterExchange]);
      const shown: string[] = [];
      paris.connection.handle("set", NS.rosterExchange, "x", (offer) => {
        shown.push(...offer.getChildren("item").map((item) => attribute(item, "jid") ?? ""));
        throw new StanzaError("feature-not-implemented", "this is not known here");
      });
      await paris.ask("get", book([JULIET]));
      await until("the suggestion", () => shown.length > 0, 15_000);
      await paris.ask("get", book([JULIET, ROMEO]));
      await until("the other suggestion", () => shown.includes(at(ROMEO)), 15_000);
      expect(shown).to.deep.equal([at(JULIET), at(ROMEO)]);
    });

    it("come when somebody signs up whom one looked for in vain", async () => {
      const nurse = await enter("+15551230008", "nurse", [NS.rosterExchange]);
      expect((await refusal(nurse.query("set", gateway(NEWCOMER)))).condition).to.equal("item-not-found");
      const peter = await AppAccount.make(world(), "peter");
      apps.push(peter);
      await peter.converse(`register ${NEWCOMER}`);
      await peter.converse("000003");
      await until("the suggestion", () => nurse.suggested.includes(at(NEWCOMER)), 15_000);
    });
  });
});
