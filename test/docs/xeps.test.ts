import { expect } from "chai";
import { existsSync } from "node:fs";
import { SUITES } from "../../docs/compliance.js";
import { IMPLEMENTED } from "../../docs/support.js";
import { unaccounted, unplayed } from "../../docs/tables.js";
import { WITHOUT_PLAY } from "../../docs/without-play.js";
import { collect, handWritten, readPage, render } from "../../docs/xeps.js";

function sectionsOf(text: string): Record<string, string[]> {
  const found = collect(new Map([["src/a.ts", text]]));
  return Object.fromEntries(found.map(({ id, sections }) => [id, [...sections.keys()]]));
}

describe("docs/xeps.ts", () => {
  const mentions: [text: string, found: Record<string, string[]>][] = [
    ["// XEP-0184 §5.5", { "XEP-0184": ["5.5"] }],
    ["/** Says so. Source: XEP-0114 §3. */", { "XEP-0114": ["3"] }],
    ["// XEP-0384 0.3 §4.4, §4.5 and §8: why", { "XEP-0384": ["4.4", "4.5", "8"] }],
    ["// RFC 7748 §5, RFC 8032 §5.1.", { "RFC 7748": ["5"], "RFC 8032": ["5.1"] }],
    ["// RFC 7914.", { "RFC 7914": [""] }],
    ["/**\n * A long one. Source: XEP-0060\n * §7.1.5.\n */", { "XEP-0060": ["7.1.5"] }],
    ["// RFC 6120 §A.1", { "RFC 6120": ["A.1"] }],
    ["// nothing to see", {}],
  ];
  for (const [text, found] of mentions) {
    it(`finds ${JSON.stringify(found)} in ${JSON.stringify(text)}`, () => {
      expect(sectionsOf(text)).deep.equal(found);
    });
  }

  it("names sections in the order of the specification, and every file once", () => {
    const files = new Map([
      ["src/b.ts", "// XEP-0060 §12.20"],
      ["src/a.ts", "// XEP-0060 §7.1.5\n// XEP-0060 §8"],
    ]);
    const page = render(collect(files), "");
    expect(page).contain("| §7.1.5, §8, §12.20 | [src/a.ts](../src/a.ts), [src/b.ts](../src/b.ts) |");
  });

  it("keeps what was written by hand", () => {
    const page = render([], "## Differences\n\nNone.");
    expect(render([], handWritten(page))).equal(page);
    expect(page).contain("## Differences\n\nNone.");
  });

  it("wants a title for every specification", () => {
    expect(() => render(collect(new Map([["src/a.ts", "// XEP-9999 §1"]])), "")).throw(
      "no title for XEP-9999",
    );
  });

  it("has written down how the code differs from the specifications", () => {
    expect(handWritten(readPage().current)).contain("## Differences from the specification");
  });

  it("names only tests that are there", () => {
    const features = Object.values(SUITES).flat();
    const met = features.flatMap(({ host, sdk }) => [...host.slice(2), ...sdk.slice(2)]);
    const named = new Set([...met, ...Object.values(IMPLEMENTED).flatMap(({ tests }) => tests)]);
    const missing = [...named].filter((name) => !existsSync(new URL(`../${name}.test.ts`, import.meta.url)));
    expect(missing).deep.equal([]);
  });

  it("wants a word about every XEP that the sources name, and a source for every word", () => {
    const named = new Set(readPage().wanted.match(/(?<=^\| \[)XEP-\d{4}/gm));
    named.add("XEP-9999").delete("XEP-0184");
    const faults = unaccounted(named);
    expect(faults).include("docs/support.ts says nothing of XEP-9999");
    expect(faults).include("no source names XEP-0184, which docs/support.ts has");
  });

  it("wants a play for every XEP that is spoken, or a word why there is none", () => {
    const plays = new Set(Object.keys(IMPLEMENTED).filter((id) => !Object.hasOwn(WITHOUT_PLAY, id)));
    expect(unplayed(plays)).deep.equal([]);
    plays.delete("XEP-0184");
    plays.add("XEP-9999");
    expect(unplayed(plays)).deep.equal([
      "XEP-0184 is spoken and has no play",
      "XEP-9999 has a play and needs none",
    ]);
  });

  it("names, for every XEP without a play, tests of it that stand in for one", () => {
    for (const [id, { shownBy }] of Object.entries(WITHOUT_PLAY))
      expect(IMPLEMENTED[id]?.tests, id).include.members([...shownBy]);
    expect(Object.values(WITHOUT_PLAY).filter(({ shownBy }) => shownBy.length === 0)).deep.equal([]);
  });

  it("says for every suite of XEP-0479 how each side meets it", () => {
    expect(Object.keys(SUITES)).deep.equal(["Core", "IM", "Mobile", "Calls"]);
    const page = readPage().wanted;
    for (const [suite, features] of Object.entries(SUITES)) {
      expect(page).contain(`### ${suite}\n`);
      for (const { name } of features) expect(page).contain(`| ${name} | `);
    }
  });
});
