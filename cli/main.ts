#!/usr/bin/env node
import { run } from "./run.js";

// Whoever reads only the beginning, as head does, wants no more
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

const code = await run(process.argv.slice(2), {
  input: process.stdin,
  output: process.stdout,
  errors: process.stderr,
  env: process.env,
  cwd: process.cwd(),
});
// Handles that are still open hold nobody up; what was written is out before
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
