import { execFileSync, spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { runHere } from "../support/cli.js";
import { temporaryFolder } from "../support/temporary-folder.js";

describe("twotick completion", () => {
  const scriptOf = async (shell: string): Promise<string> => (await runHere(["completion", shell])).out;

  describe("bash", () => {
    const cases: [line: string, words: readonly string[]][] = [
      ["twotick ad", ["admin"]],
      ["twotick admin set-aside ", ["list", "retry", "drop"]],
      ["twotick --json admin res", ["reset-pin", "restore"]],
      ["twotick start --log-level ", ["debug", "info", "warn", "error"]],
      ["twotick start --http", ["--http-port"]],
      ["twotick completion ", []],
    ];
    for (const [line, words] of cases)
      it(`proposes ${words.join(", ") || "nothing"} behind "${line}"`, async () => {
        const given = line.split(" ");
        const probe = `${await scriptOf("bash")}
COMP_WORDS=(${given.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${given.length - 1}
_twotick; printf '%s\\n' "\${COMPREPLY[@]}"`;
        const found = execFileSync("bash", ["-c", probe], { encoding: "utf8" })
          .split("\n")
          .filter((one) => one !== "");
        expect(found).to.have.members(words);
      });
  });

  it("is taken by zsh and fish without a word", async () => {
    const folder = temporaryFolder();
    try {
      for (const [shell, option] of [
        ["zsh", "-n"],
        ["fish", "--no-execute"],
      ] as const) {
        // fish takes a file only
        const path = join(folder, shell);
        writeFileSync(path, await scriptOf(shell));
        const checked = spawnSync(shell, [option, path], { encoding: "utf8" });
        expect([checked.error, checked.status, checked.stderr], shell).to.deep.equal([undefined, 0, ""]);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("proposes in fish what stands behind a command, with what it is for", async () => {
    const probe = `${await scriptOf("fish")}\ncomplete -C "twotick admin set-aside "`;
    const said = execFileSync("fish", ["--no-config", "-c", probe], { encoding: "utf8" });
    expect(said.split("\n").map((line) => line.split("\t")[0])).to.include.members(["list", "retry", "drop"]);
    expect(said).to.contain("retry\tdeliver one again");
  });
});
