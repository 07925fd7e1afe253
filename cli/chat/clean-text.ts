/** What would move the cursor, change colours or turn the direction of writing: whoever writes to somebody may not do that to their terminal. */
const UNSHOWN = /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/gu;

/** Makes a text of somebody else safe to be shown on a terminal, on one line or on several. */
export function cleanText(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .split("\n")
    .map((line) => line.replaceAll("\t", " ").replaceAll(UNSHOWN, "\uFFFD"))
    .join("\n");
}
