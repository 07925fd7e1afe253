import { existsSync, readFileSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import type { Deletion } from "./store.js";

/** Where the list of deletions of a store is: beside it, so that putting a backup in its place leaves the list alone. */
export function deletionListPath(storePath: string): string {
  return `${storePath}.deletions`;
}

/** Appends deletions, a JSON object a line; they are on the disk when it resolves. The file has mode 0600. */
export async function appendDeletions(path: string, deletions: readonly Deletion[]): Promise<void> {
  const file = await open(path, "a+", 0o600);
  try {
    const lines = deletions.map((deletion) => `${lineOf(deletion)}\n`).join("");
    // What a crash or a full disk cut off before must not take a line of this time along
    await file.appendFile((await isCutOff(file)) ? `\n${lines}` : lines);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function isCutOff(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== "\n";
}

/** The deletions in a list; none when there is no list. What was cut off by a crash or is no deletion is passed over. */
export function readDeletions(path: string): Deletion[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8").split("\n").flatMap(deletionOf);
}

// A number is there as its keyed hash alone, as in the store
function lineOf({ numberHash, until, isErased, isAtOnce }: Deletion): string {
  const number = Buffer.from(numberHash).toString("base64");
  return JSON.stringify({ number, until, isErased, isAtOnce });
}

function deletionOf(line: string): Deletion[] {
  try {
    const { number, until, isErased, isAtOnce } = JSON.parse(line) as Record<string, unknown>;
    if (typeof number !== "string" || typeof until !== "number") return [];
    const numberHash = Buffer.from(number, "base64");
    return [{ numberHash, until, isErased: isErased === true, isAtOnce: isAtOnce === true }];
  } catch {
    return [];
  }
}
