import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";

const TESTS = new URL("../", import.meta.url);
const TEXT = readFileSync(new URL("../../docs/security.md", import.meta.url), "utf8");

/** The files that the table names, each with the titles named after it, in the pieces around "…". */
function named(): { file: string; titles: string[][] }[] {
  return [...TEXT.matchAll(/`([a-z0-9/-]+\.test\.ts)`([^`|]*)/g)].map(([, file = "", rest = ""]) => ({
    file,
    titles: [...rest.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => title.split("…").filter(Boolean)),
  }));
}

describe("docs/security.md", () => {
  it("names tests that are there, by their titles", () => {
    const all = named();
    expect(all.length).to.be.above(20);
    for (const { file, titles } of all) {
      const url = new URL(file, TESTS);
      expect(existsSync(url), file).to.equal(true);
      const source = readFileSync(url, "utf8");
      for (const piece of titles.flat())
        expect(source.includes(piece.trim()), `${file}: ${piece}`).to.equal(true);
    }
  });

  it("has a control and a test for every attack", () => {
    const table = TEXT.slice(TEXT.indexOf("| attack |"), TEXT.indexOf("The number of guesses"));
    const rows = table
      .split("\n")
      .filter((line) => line.startsWith("| ") && !line.startsWith("| **") && !line.includes("---"));
    for (const row of rows.slice(1))
      for (const cell of row.split("|").slice(1, 4)) expect(cell.trim(), row).to.not.equal("");
  });
});
