// `npm run build`: what is published, in dist/.
import { spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What is published as it is. */
const FOLDERS = ["component/dashboard/page"];

// What was built from files that are gone must not be published
rmSync(`${ROOT}/dist`, { recursive: true, force: true });
const { status } = spawnSync(`${ROOT}/node_modules/.bin/tsc`, ["-p", "tsconfig.build.json"], {
  cwd: ROOT,
  stdio: "inherit",
});
if (status === 0)
  for (const folder of FOLDERS)
    cpSync(`${ROOT}/${folder}`, `${ROOT}/dist/${folder}`, {
      recursive: true,
      filter: (path) => !path.endsWith("tsconfig.json"),
    });
process.exitCode = status ?? 1;
