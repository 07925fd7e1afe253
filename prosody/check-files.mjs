import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const MAX_LINES = 300;
const NOT_OURS = new Set(["node_modules", "dist", "coverage", "data", "api", ".git", ".cache"]);

/** Every file below a folder with this ending. @param {string} root @param {string} ending @returns {string[]} */
function filesBelow(root, ending) {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => !NOT_OURS.has(entry.name))
    .flatMap((entry) => {
      const path = join(root, entry.name);
      if (entry.isDirectory()) return filesBelow(path, ending);
      return entry.name.endsWith(ending) ? [path] : [];
    });
}

/**
 * Links in Markdown files to a file, or a heading of one, that is not there.
 *
 * @param {string} root @returns {string[]} one line each
 */
export function brokenLinks(root) {
  return filesBelow(root, ".md").flatMap((path) => {
    // Code is no prose: what looks like a link in it is none
    const text = readFileSync(path, "utf8").replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, "");
    return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^[a-z]+:/i.test(target) && !isThere(path, target))
      .map((target) => `${relative(root, path)}: ${target} is not there`);
  });
}

/** @param {string} page @param {string} target */
function isThere(page, target) {
  const [file = "", heading] = target.split("#");
  const path = file === "" ? page : join(dirname(page), decodeURIComponent(file));
  if (!existsSync(path)) return false;
  if (heading === undefined || !path.endsWith(".md")) return true;
  const headings = readFileSync(path, "utf8").matchAll(/^#+ +(.+)$/gm);
  return [...headings].some(([, title = ""]) => anchorOf(title) === heading);
}

/** The anchor that a heading gets where Markdown is shown. @param {string} title */
function anchorOf(title) {
  return title
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

/**
 * Source files that should be split by topic.
 *
 * @param {string} root @returns {string[]} one line each
 */
export function longFiles(root) {
  return ["src", "component", "sdk", "cli", "prosody"]
    .flatMap((folder) => filesBelow(join(root, folder), "ts"))
    .map((path) => ({ path, lines: readFileSync(path, "utf8").split("\n").length - 1 }))
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ path, lines }) => `${relative(root, path)} has ${lines} lines; ${MAX_LINES} are about the most`);
}
