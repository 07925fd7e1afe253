import { expect } from "chai";
import { Interests, NOT_KNOWN } from "../../../component/pep/interests.js";

const NUMBER = "+15551230001@phone.example.org";
const fresh = (ver = "v1") => ({ ver, told: new Map([["list", ""]]) });

describe("Interests", () => {
  it("keeps one object for apps that were told the same, and tells each for itself", () => {
    const interests = new Interests();
    const apps = Array.from({ length: 100 }, (_, index) => `app${index}@example.org/app`);
    for (const app of apps) interests.set(app, NUMBER, fresh());
    const kept = (): number => new Set(interests.of(NUMBER).map(([, interest]) => interest)).size;
    expect(kept()).to.equal(1);
    const [first = "", ...others] = apps;
    interests.note(first, NUMBER, "list", "<one/>");
    expect(kept()).to.equal(2);
    expect(interests.get(first, NUMBER)?.told.get("list")).to.equal("<one/>");
    for (const app of others) {
      expect(interests.get(app, NUMBER)?.told.get("list")).to.equal("");
      interests.note(app, NUMBER, "list", "<one/>");
    }
    expect(kept()).to.equal(1);
    expect(interests.get(first, NUMBER)).to.deep.equal({ ver: "v1", told: new Map([["list", "<one/>"]]) });
  });

  it("keeps kinds of apps apart, and what is not known yet to its app alone", () => {
    const interests = new Interests();
    interests.set("a", NUMBER, fresh("v1"));
    interests.set("b", NUMBER, fresh("v2"));
    expect(interests.get("a", NUMBER)?.ver).to.equal("v1");
    expect(interests.get("b", NUMBER)?.ver).to.equal("v2");
    for (const app of ["a", "b"]) interests.set(app, NUMBER, { ver: "v1", told: NOT_KNOWN });
    expect(interests.get("a", NUMBER)).not.to.equal(interests.get("b", NUMBER));
  });

  it("forgets an app with its last number, and a number with its last app", () => {
    const interests = new Interests();
    interests.set("a", NUMBER, fresh());
    expect(interests.numbersOf("a")).to.deep.equal([NUMBER]);
    interests.remove("a", NUMBER);
    expect(interests.numbersOf("a")).to.deep.equal([]);
    expect(interests.of(NUMBER)).to.deep.equal([]);
    interests.note("a", NUMBER, "list", "<one/>");
    expect(interests.get("a", NUMBER)).to.equal(undefined);
  });
});
