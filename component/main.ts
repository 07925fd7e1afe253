import { parseArgs } from "node:util";
import { loadConfig } from "./config.js";
import { runComponent } from "./run.js";

// The component by itself, for tests and benchmarks that start, stop and kill it; people use "twotick component"
const { config = "" } = parseArgs({ options: { config: { type: "string" } } }).values;
const end = await runComponent(loadConfig(config));
if (end.kind !== "stopped") process.stderr.write(`twotick: ${end.message}\n`);
process.exit(end.kind === "stopped" ? 0 : 1);
