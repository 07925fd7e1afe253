import { expect } from "chai";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./blocks.js";

describe("docs/apps.md", () => {
  const links = [
    ...readFileSync(join(ROOT, "docs/apps.md"), "utf8").matchAll(/\[([^\]]+)\]\((\.\.\/test\/[^)#]+)\)/g),
  ];

  it("names tests that there are, each by the name of its file or the end of it", () => {
    expect(links.length).to.be.greaterThan(50);
    const missing = links.filter(([, , path = ""]) => !existsSync(join(ROOT, "docs", path)));
    expect(missing.map(([link]) => link)).to.deep.equal([]);
    const files = links.filter(([, , path = ""]) => path.endsWith(".test.ts"));
    const misnamed = files.filter(([, name, path = ""]) => !path.endsWith(`${name}.test.ts`));
    // In a sentence a link may have words of its own
    expect(
      misnamed.map(([, name]) => name).filter((name = "") => /^[\w-]+-[\w-]+$/.test(name)),
    ).to.deep.equal([]);
  });
});
