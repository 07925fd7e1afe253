import { Worker } from "node:worker_threads";

/** Starts one of our modules on a thread of its own; also from the sources, which then need a loader there too. */
export function startWorker(module: URL, workerData: unknown): Worker {
  if (!import.meta.url.endsWith(".ts")) return new Worker(module, { workerData });
  const loader = import.meta.resolve("tsx/esm/api");
  const source = `import { register } from "${loader}"; register(); await import("${module.href}");`;
  return new Worker(new URL(`data:text/javascript,${source}`), { workerData });
}
