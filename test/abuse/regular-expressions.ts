import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";

/** A regular expression of the source, and where it stands. */
export interface FoundExpression {
  readonly where: string;
  readonly expression: RegExp;
}

const ROOT = new URL("../../", import.meta.url).pathname;

/** Every regular expression literal of these folders, each once, read by the compiler. */
export function regularExpressions(folders: readonly string[]): FoundExpression[] {
  const found = new Map<string, FoundExpression>();
  for (const folder of folders)
    for (const path of sourceFiles(folder)) {
      const file = ts.createSourceFile(path, readFileSync(ROOT + path, "utf8"), ts.ScriptTarget.Latest, true);
      const visit = (node: ts.Node): void => {
        if (ts.isRegularExpressionLiteral(node)) {
          const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
          found.set(node.text, { where: `${path}:${line} ${node.text}`, expression: compile(node.text) });
        }
        ts.forEachChild(node, visit);
      };
      visit(file);
    }
  return [...found.values()];
}

/** Calls of `new RegExp` in these folders: an expression that is made of text cannot be checked here. */
export function madeExpressions(folders: readonly string[]): string[] {
  return folders.flatMap(sourceFiles).filter((path) => /\bRegExp\(/.test(readFileSync(ROOT + path, "utf8")));
}

/** The programs in a folder, those of the browser among them. */
export function sourceFiles(folder: string): string[] {
  return readdirSync(ROOT + folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.m?[jt]s$/.test(name))
    .map((name) => `${folder}/${name}`);
}

function compile(literal: string): RegExp {
  const end = literal.lastIndexOf("/");
  return new RegExp(literal.slice(1, end), literal.slice(end + 1));
}

/**
 * Texts made to be slow for this expression: what it has as literals and classes, over and over, and then something
 * that it does not take.
 */
export function hostileTexts(expression: RegExp, length: number): string[] {
  const pieces = new Set([
    "a",
    "0",
    "1",
    " ",
    "\t",
    "-",
    ".",
    "_",
    "é",
    "aB0-",
    "0.",
    "a-",
    "\n",
    "\u{1f600}",
  ]);
  for (const [piece] of expression.source
    .replaceAll(/\\[dwsb]|\\p\{\w+\}|[\\^$()[\]{}?*+|]/g, " ")
    .matchAll(/\S+/g))
    pieces.add(piece);
  const prefixes = ["", "+1", "<a ", "'", "sha-256 "];
  const texts = [];
  for (const piece of pieces)
    for (const prefix of prefixes)
      for (const ending of ["", "!", "\0"])
        texts.push(prefix + piece.repeat(Math.ceil(length / piece.length)) + ending);
  return texts;
}
