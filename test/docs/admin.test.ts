import { expect } from "chai";
import { readFileSync } from "node:fs";
import { configOptions } from "../support/config-options.js";

/** Options that are read before the schema sees them: files that hold a secret. */
const SECRET_FILES = ["link.secret_file", "store.key_file"];

interface Row {
  readonly default: string;
  readonly range: string;
  readonly meaning: string;
}

/** The rows of the tables of options: `| name | default | range | meaning |`. */
function documentedOptions(): Map<string, Row> {
  const text = readFileSync(new URL("../../docs/admin.md", import.meta.url), "utf8");
  const rows = text.matchAll(/^\| `([a-z_.]+)` \| (.*) \| (.*) \| (.*) \|$/gm);
  return new Map(
    [...rows].map(([, name = "", value = "", range = "", meaning = ""]) => [
      name,
      { default: value, range, meaning },
    ]),
  );
}

function digits(text: string): string {
  return text.replaceAll(/(?<=\d)[ ,](?=\d{3})/g, "");
}

describe("docs/admin.md", () => {
  const documented = documentedOptions();

  it("explains every option, and none that is not there", () => {
    const names = [...configOptions().map(({ name }) => name), ...SECRET_FILES];
    expect([...documented.keys()]).members(names);
    for (const [name, { meaning }] of documented) expect(meaning, name).not.equal("");
  });

  for (const option of configOptions()) {
    it(`gives ${option.name} its default and its range`, () => {
      const row = documented.get(option.name);
      expect(row, "a row").not.equal(undefined);
      if (!row) return;
      if (option.isRequired) expect(row.default).equal("required");
      else if (option.default === undefined) expect(row.default).equal("none");
      else expect(digits(row.default)).equal(`\`${JSON.stringify(option.default)}\``);
      for (const bound of [option.minimum, option.maximum])
        if (bound !== undefined) expect(digits(row.range)).contain(String(bound));
      for (const choice of option.choices ?? []) expect(row.range).contain(`\`${String(choice)}\``);
    });
  }
});
