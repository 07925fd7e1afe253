// `npm run build`: what is published, in dist/; `node prosody/build.mjs FOLDER` puts it elsewhere.
import { spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TARGET = resolve(process.argv[2] ?? join(ROOT, "dist"));

/** What is published as it is. */
const AS_IT_IS = ["component/dashboard/page"];

// What was built from files that are gone must not be published
rmSync(TARGET, { recursive: true, force: true });
const { status } = spawnSync(
  join(ROOT, "node_modules/.bin/tsc"),
  ["-p", "tsconfig.build.json", "--outDir", TARGET],
  { cwd: ROOT, stdio: "inherit" },
);
if (status === 0)
  for (const path of AS_IT_IS)
    cpSync(join(ROOT, path), join(TARGET, path), {
      recursive: true,
      filter: (file) => !file.endsWith("tsconfig.json"),
    });
process.exitCode = status ?? 1;
