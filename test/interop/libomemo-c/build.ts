import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCES = fileURLToPath(new URL(".", import.meta.url));
const CACHE = fileURLToPath(new URL("../../../.cache/libomemo-c/", import.meta.url));
const LIBRARIES = ["libomemo-c", "libcrypto"];

/** The Debian packages that building takes. */
const PACKAGES = ["gcc", "libc6-dev", "pkg-config", "libomemo-c-dev", "libssl-dev"] as const;

/**
 * The path of the peer program over libomemo-c, compiled when its sources have changed.
 *
 * @throws Error that names the packages when a compiler or a library is missing
 */
export function buildPeer(): string {
  const files = readdirSync(SOURCES).filter((name) => /\.[ch]$/.test(name));
  const hash = createHash("sha256");
  for (const name of files) hash.update(readFileSync(join(SOURCES, name)));
  const program = join(CACHE, `peer-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(program)) return program;
  mkdirSync(CACHE, { recursive: true });
  // Renamed when it is whole, so that two builds at once do no harm
  const unfinished = `${program}.${process.pid}`;
  try {
    const flags = execFileSync("pkg-config", ["--cflags", "--libs", ...LIBRARIES], { encoding: "utf8" });
    const sources = files.filter((name) => name.endsWith(".c")).map((name) => join(SOURCES, name));
    execFileSync("cc", ["-O2", "-Wall", "-o", unfinished, ...sources, ...flags.trim().split(/\s+/)], {
      stdio: "pipe",
    });
  } catch (cause) {
    throw new Error(`the libomemo-c peer cannot be built; it takes: apt-get install ${PACKAGES.join(" ")}`, {
      cause,
    });
  }
  renameSync(unfinished, program);
  return program;
}
