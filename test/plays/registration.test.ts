import { expect } from "chai";
import { COMMAND_TEXTS } from "../../component/languages/command-texts.js";
import { german } from "../../component/languages/de.js";
import { submitElement } from "../../src/data-form.js";
import { StanzaError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { attribute, type Element, xml } from "../../src/xml.js";
import { AppAccount } from "../support/app-account.js";
import { useWorld } from "../support/world.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";
const CODES = { [ROMEO]: "000001", [JULIET]: "000002" };

const query = (...children: (Element | string)[]): Element =>
  xml("query", { xmlns: NS.register }, ...children);
const form = (values: Record<string, string>): Element => query(submitElement(NS.register, values));
const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "nothing",
    (error: unknown) => (error instanceof StanzaError ? error.condition : String(error)),
  );

describe("XEP-0077: registration with the component", () => {
  const world = useWorld({ config: { signUp: { testNumbers: CODES } } });
  let romeo: AppAccount;
  let juliet: AppAccount;
  before(async () => {
    romeo = await AppAccount.make(world(), "romeo");
    juliet = await AppAccount.make(world(), "juliet");
  });
  after(async () => {
    await Promise.all([romeo.stop(), juliet.stop()]);
  });

  it("asks for the number, in fields and in a form, in the person's language (§3.1, §4)", async () => {
    const asked = await romeo.query("get", query(), { "xml:lang": "de" });
    expect(asked.getChild("registered")).to.equal(undefined);
    expect(asked.getChildText("instructions")).to.include("Telefonnummer");
    expect(asked.getChild("phone")).to.not.equal(undefined);
    const fields = asked.getChild("x", NS.dataForms)!.getChildren("field");
    expect(fields.map((field) => attribute(field, "var"))).to.deep.equal(["FORM_TYPE", "phone", "channel"]);
  });

  it("answers the number with the next form, and the code with the end", async () => {
    const next = await romeo.query("set", form({ phone: "+1 (555) 123-0001" }));
    expect(next.getChildText("instructions")).to.include(ROMEO);
    expect(next.getChild("password")).to.not.equal(undefined);
    const again = await romeo.query("get", query());
    expect(again.getChildText("instructions"), "an app that begins anew").to.include(ROMEO);
    expect(await refusal(romeo.query("set", form({ code: "999999" })))).to.equal("not-authorized");
    expect((await romeo.ask("set", form({ code: "000001" }))).children).to.deep.equal([]);
    const registered = await romeo.query("get", query());
    expect(registered.getChild("registered")).to.not.equal(undefined);
    expect(registered.getChildText("phone")).to.equal(ROMEO);
  });

  it("takes the fields of an app without forms: phone, then password", async () => {
    await juliet.query("set", query(xml("phone", {}, JULIET)));
    await juliet.ask("set", query(xml("password", {}, "000002")));
    expect((await juliet.query("get", query())).getChildText("phone")).to.equal(JULIET);
    await juliet.ask("set", form({ phone: JULIET }));
  });

  it("takes the number away again (§3.2)", async () => {
    expect(await refusal(juliet.ask("set", query(xml("remove"), xml("phone"))))).to.equal("bad-request");
    expect((await juliet.ask("set", query(xml("remove")))).children).to.deep.equal([]);
    expect(await refusal(juliet.ask("set", query(xml("remove"))))).to.equal("registration-required");
    expect((await juliet.query("get", query())).getChild("registered")).to.equal(undefined);
  });

  it("gives a begun registration up when the form is cancelled", async () => {
    await juliet.query("set", form({ phone: JULIET }));
    await juliet.ask("set", query(xml("x", { xmlns: NS.dataForms, type: "cancel" })));
    expect((await juliet.query("get", query())).getChild("phone")).to.not.equal(undefined);
    expect(await refusal(juliet.ask("set", form({ code: "000002" }))), "late").to.equal("item-not-found");
  });

  it("refuses what is malformed, missing, doubled or another's", async () => {
    const twice = query(xml("phone", {}, ROMEO), xml("phone", {}, JULIET));
    const field = (name: string) => xml("field", { var: name }, xml("value", {}, "1"));
    const doubled = xml("x", { xmlns: NS.dataForms, type: "submit" }, field("phone"), field("phone"));
    const cases: [Element, string][] = [
      [query(), "not-acceptable"],
      [query(xml("phone", {}, "  ")), "not-acceptable"],
      [query(xml("phone", {}, "__proto__")), "not-acceptable"],
      [query(xml("phone", {}, "1".repeat(5000))), "not-acceptable"],
      [twice, "bad-request"],
      [query(doubled), "bad-request"],
      [query(xml("x", { xmlns: NS.dataForms, type: "banana" })), "bad-request"],
      [form({ phone: JULIET, channel: "pigeon" }), "bad-request"],
      [form({ __proto__x: "1" }), "not-acceptable"],
    ];
    for (const [payload, condition] of cases)
      expect(await refusal(juliet.ask("set", payload)), payload.toString().slice(0, 80)).to.equal(condition);
  });

  it("refuses a code together with another number than it was sent to", async () => {
    await juliet.query("set", form({ phone: JULIET }));
    expect(await refusal(juliet.ask("set", form({ phone: ROMEO, code: "000002" })))).to.equal("conflict");
    await juliet.ask("set", form({ phone: JULIET, code: "000002" }));
    expect((await juliet.query("get", query())).getChildText("phone")).to.equal(JULIET);
  });
});

describe("XEP-0050: linking in single forms", () => {
  const world = useWorld({ config: { signUp: { testNumbers: CODES }, federation: { allowed: true } } });
  let romeo: AppAccount;
  before(async () => {
    romeo = await AppAccount.make(world(), "romeo");
  });
  after(async () => {
    await romeo.stop();
  });
  const command = (node: string, action: string, values?: Record<string, string>): Promise<Element> =>
    romeo.query(
      "set",
      xml("command", { xmlns: NS.commands, node, action }, values && submitElement(node, values)),
    );

  it("ends with a note when the app completes, and takes number and code in the next run", async () => {
    const node = "urn:twotick:link";
    const sent = await command(node, "complete", { number: ROMEO });
    expect(attribute(sent, "status")).to.equal("completed");
    expect(sent.getChildText("note")).to.include("Run this command again");
    const form = (await command(node, "execute")).getChild("x", NS.dataForms)!;
    const number = form.getChildren("field").find((field) => attribute(field, "var") === "number");
    expect(number?.getChildText("value"), "filled in").to.equal(ROMEO);
    expect(await refusal(command(node, "complete", { number: ROMEO, code: "1" }))).to.equal("not-authorized");
    expect(await refusal(command(node, "complete", { number: JULIET, code: "000001" }))).to.equal("conflict");
    const done = await command(node, "complete", { number: ROMEO, code: "000001" });
    expect(done.getChildText("note")).to.equal(`${ROMEO} belongs to this account now.`);
    expect(await refusal(command(node, "complete", { code: "000001" })), "late").to.equal("item-not-found");
  });

  it("are named, and ask, in the person's language, each of them", async () => {
    const texts = (element: Element): string[] => [
      ...["title", "instructions"].flatMap((name) => element.getChildText(name) ?? []),
      ...(attribute(element, "label") === undefined ? [] : [attribute(element, "label") as string]),
      ...element.getChildElements().flatMap(texts),
    ];
    const commands = async (language: string): Promise<string[]> => {
      const list = xml("query", { xmlns: NS.discoItems, node: NS.commands });
      const items = (await romeo.query("get", list, { "xml:lang": language })).getChildren("item");
      expect(items.length).to.be.at.least(10);
      const forms = items.map(({ attrs }) =>
        romeo.query("set", xml("command", { xmlns: NS.commands, node: attrs["node"] }), {
          "xml:lang": language,
        }),
      );
      return [
        ...items.map(({ attrs }) => String(attrs["name"])),
        ...(await Promise.all(forms)).flatMap(texts),
      ];
    };
    expect(COMMAND_TEXTS).to.include.members(await commands("en"));
    expect(Object.values(german.commands)).to.include.members(await commands("de-AT"));
  });

  it("finds somebody, sets a PIN and gives the number up, each in one form", async () => {
    await world().person("+15551230021", "tybalt");
    const address = `+15551230021@${world().prosody.componentDomain}`;
    const found = await command("urn:twotick:find", "complete", { number: "555 123 0021" });
    expect(found.getChildText("note")).to.include(address);
    expect(found.getChild("x", NS.dataForms)?.toString()).to.include(`<value>${address}</value>`);
    const nobody = await command("urn:twotick:find", "complete", { number: "+15551239999" });
    expect(nobody.getChildText("note")).to.include("not here");
    expect((await command("urn:twotick:pin", "complete", { pin: "4711" })).getChildText("note")).to.include(
      "set",
    );
    const gone = await command("urn:twotick:unlink", "complete", { confirm: "1" });
    expect(attribute(gone, "status")).to.equal("completed");
    expect(await refusal(command("urn:twotick:find", "complete", { number: "+15551230021" }))).to.equal(
      "registration-required",
    );
  });
});
