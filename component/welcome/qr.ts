import { encodeQR } from "qr";
import { Html } from "./html.js";

/** Modules of white around the code, without which cameras do not find it. Source: ISO/IEC 18004 §6.3.8. */
const QUIET_MODULES = 4;

/**
 * Draws a text as a QR code: black on white whatever the colours of the page, for that is what cameras expect.
 *
 * @param label for who cannot see it; plain text
 */
export function qrSvg(text: string, label: string): Html {
  const rows = encodeQR(text, "raw", { ecc: "medium", border: QUIET_MODULES });
  const path = rows.flatMap((row, y) =>
    runsOf(row).map(({ x, length }) => `M${x} ${y}h${length}v1h-${length}z`),
  );
  const size = rows.length;
  const name = label.replaceAll(/[&<>"']/g, "");
  return new Html(
    `<svg class="qr" role="img" aria-label="${name}" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges">` +
      `<rect width="${size}" height="${size}" fill="#fff"/><path fill="#000" d="${path.join("")}"/></svg>`,
  );
}

/** The dark stretches of a row. */
function runsOf(row: readonly boolean[]): { x: number; length: number }[] {
  const runs: { x: number; length: number }[] = [];
  for (const [x, isDark] of row.entries()) {
    const last = runs.at(-1);
    if (!isDark) continue;
    if (last && last.x + last.length === x) last.length += 1;
    else runs.push({ x, length: 1 });
  }
  return runs;
}
