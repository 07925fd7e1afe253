import { type Browser, chromium } from "playwright-core";

/**
 * Starts the Chromium of the machine, without a window.
 *
 * @throws when there is none: `npm test` installs Debian's package
 */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    // As root, where CI runs, its sandbox cannot be had; small containers have a small /dev/shm
    args: ["--disable-dev-shm-usage", "--disable-gpu", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])],
    timeout: 60_000,
  });
}
