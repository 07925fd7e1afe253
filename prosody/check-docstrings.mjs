import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const FOLDERS = ["src", "component", "sdk"];

/**
 * Exports, and public members of exported classes, that nothing explains.
 *
 * @param {string} root @returns {string[]} one line each
 */
export function missingDocstrings(root) {
  const names = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
  );
  return names
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
    .sort()
    .flatMap((name) => missingIn(name, readFileSync(join(root, name), "utf8")));
}

/**
 * The same for one file.
 *
 * @param {string} name @param {string} text @returns {string[]}
 */
export function missingIn(name, text) {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.ES2023, true);
  const documented = new Set(source.statements.filter(isDocumented).map(nameOf));
  return (
    source.statements
      .filter(isExported)
      .flatMap((statement) => [
        ...(documented.has(nameOf(statement)) ? [] : [statement]),
        ...(ts.isClassDeclaration(statement) ? bareMembers(statement) : []),
      ])
      // The name alone would often be that of many
      .map((node) => {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart());
        return `${name}:${line + 1}: ${nameOf(node)} has no docstring`;
      })
  );
}

/** @param {ts.Statement} statement */
function isExported(statement) {
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

/** @param {ts.Node} node */
function isDocumented(node) {
  return ts.getJSDocCommentsAndTags(node).some((comment) => ts.isJSDoc(comment));
}

/** @param {ts.ClassDeclaration} declaration */
function bareMembers(declaration) {
  const documented = new Set(declaration.members.filter(isDocumented).map(nameOf));
  return declaration.members.filter((member) => {
    const isSpoken = ts.isMethodDeclaration(member) || ts.isAccessor(member);
    return isSpoken && !isHidden(member) && !documented.has(nameOf(member));
  });
}

const HIDING = new Set([
  ts.SyntaxKind.PrivateKeyword,
  ts.SyntaxKind.ProtectedKeyword,
  ts.SyntaxKind.OverrideKeyword,
]);

/** Private ones, and those whose promise is their parent's. @param {ts.ClassElement} member */
function isHidden(member) {
  const { name } = member;
  const modifiers = ts.canHaveModifiers(member) ? (ts.getModifiers(member) ?? []) : [];
  const isNamed = name !== undefined && !ts.isPrivateIdentifier(name) && !ts.isComputedPropertyName(name);
  return !isNamed || modifiers.some(({ kind }) => HIDING.has(kind));
}

/** @param {ts.Node} node */
function nameOf(node) {
  if (ts.isVariableStatement(node)) {
    return node.declarationList.declarations.map((one) => one.name.getText()).join(", ");
  }
  return ts.getNameOfDeclaration(/** @type {ts.Declaration} */ (node))?.getText() ?? "";
}
