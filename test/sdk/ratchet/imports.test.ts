import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";

const FOLDER = new URL("../../../sdk/ratchet/", import.meta.url);
const MAX_LINES = 200;

/** What it shares with the service, and is held to the same. */
const HKDF = "../../src/hkdf.ts";

describe("sdk/ratchet", () => {
  const files = [...readdirSync(FOLDER, { recursive: true, encoding: "utf8" }), HKDF];
  for (const file of files) {
    const source = readFileSync(new URL(file, FOLDER), "utf8");

    it(`imports node:crypto, HKDF and its own files alone, ${file}`, () => {
      const imported = [
        ...source.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*|\brequire\s*\(\s*)["']([^"']+)["']/g),
      ].map(([, specifier]) => specifier);
      // What is computed at run time could be anything
      expect(source).not.to.match(/\bimport\s*\((?!\s*["'])|\brequire\s*\((?!\s*["'])|\bgetBuiltinModule\b/);
      for (const specifier of imported) {
        if (specifier === "node:crypto" || specifier === HKDF.replace(/ts$/, "js")) continue;
        expect(specifier).to.match(/^\.\/[a-z0-9-]+\.js$/);
        expect(files).to.include(specifier?.slice(2).replace(/js$/, "ts"));
      }
    });

    it(`is short enough to be read in one go, ${file}`, () => {
      expect(source.split("\n").length).to.be.at.most(MAX_LINES);
    });
  }
});
