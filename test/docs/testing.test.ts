import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect } from "chai";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PATIENCE_MS = 120_000;

/** The blocks of a document in a language. */
function blocksOf(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm"))].map(
    ([, code = ""]) => code,
  );
}

describe("the code of docs/testing.md", () => {
  const text = readFileSync(join(ROOT, "docs/testing.md"), "utf8");
  let folder: string;
  before(() => {
    // Inside the checkout, where the names of the package's exports are known
    const place = join(ROOT, "node_modules", ".cache");
    mkdirSync(place, { recursive: true });
    folder = mkdtempSync(join(place, "testing-"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("runs from the first block to the last, and says what stands beside it", async () => {
    const [play = ""] = blocksOf(text, "text");
    writeFileSync(join(folder, "link.scs"), play);
    const source = pathToFileURL(join(ROOT, "sdk/testing/mod.ts")).href;
    const said: string[] = [];
    const blocks = blocksOf(text, "ts");
    expect(blocks).to.have.length.above(5);
    // Files are written beside it, and what it prints is read here
    const program = blocks
      .join("\n")
      .replaceAll('"twotick/sdk/testing"', `"${source}"`)
      .replaceAll(/"([\w-]+\.(?:scs|xml|json|html))"/g, (_, name: string) =>
        JSON.stringify(join(folder, name)),
      )
      .replaceAll("console.log(", "globalThis.testingSaid(");
    const place = globalThis as { testingSaid?: (...what: unknown[]) => void };
    place.testingSaid = (...what) => said.push(what.join(" "));
    writeFileSync(join(folder, "program.ts"), program);
    await import(pathToFileURL(join(folder, "program.ts")).href);
    expect(said).to.include.members(["2 4", "true", "1 passed, 0 failed, 0 skipped"]);
    expect(said.filter((line) => line === "true")).to.have.length(2);
    expect(said.join("\n")).to.match(/\| XEP-0384 §4\.4 \| .* \| holds \|/);
    expect(said.join("\n")).to.match(/, 0 failed, 0 faults/);
    expect(readFileSync(join(folder, "load.html"), "utf8")).to.match(/^<!doctype html>[^]*<svg[^]*before/);
    expect(JSON.parse(readFileSync(join(folder, "load.json"), "utf8"))).to.include({ faultCount: 0 });
  }).timeout(2 * PATIENCE_MS);
});
