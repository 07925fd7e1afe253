import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const FOLDERS = ["src", "component", "sdk", "cli"];

/**
 * Exports, and public members of exported classes, that nothing explains.
 *
 * @param {string} root @returns {string[]} one line each
 */
export function missingDocstrings(root) {
  const names = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
  );
  const texts = names
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
    .sort()
    .map((name) => /** @type {const} */ ([name, readFileSync(join(root, name), "utf8")]));
  const promises = new Map(texts.flatMap(([name, text]) => interfacesIn(name, text)));
  return texts.flatMap(([name, text]) => missingIn(name, text, promises));
}

/**
 * The interfaces of a file and what each promises: the names of its explained members.
 *
 * @param {string} name @param {string} text @returns {[string, Set<string>][]}
 */
function interfacesIn(name, text) {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.ES2023, true);
  return source.statements
    .filter(ts.isInterfaceDeclaration)
    .map(({ name: { text: title }, members }) => [title, new Set(members.filter(isDocumented).map(nameOf))]);
}

/**
 * The same for one file. What an interface promises, the class that implements it need not say again.
 *
 * @param {string} name @param {string} text
 * @param {Map<string, Set<string>>} [promises] by interface, the members that it explains
 * @returns {string[]}
 */
export function missingIn(name, text, promises = new Map()) {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.ES2023, true);
  const documented = new Set(source.statements.filter(isDocumented).map(nameOf));
  return (
    source.statements
      .filter(isExported)
      .flatMap((statement) => [
        ...(documented.has(nameOf(statement)) ? [] : [statement]),
        ...(ts.isClassDeclaration(statement) ? bareMembers(statement, promises) : []),
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

/** @param {ts.ClassDeclaration} declaration @param {Map<string, Set<string>>} promises */
function bareMembers(declaration, promises) {
  const implemented = (declaration.heritageClauses ?? [])
    .filter(({ token }) => token === ts.SyntaxKind.ImplementsKeyword)
    .flatMap(({ types }) =>
      types.flatMap(({ expression }) => [...(promises.get(expression.getText()) ?? [])]),
    );
  const documented = new Set([...declaration.members.filter(isDocumented).map(nameOf), ...implemented]);
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
