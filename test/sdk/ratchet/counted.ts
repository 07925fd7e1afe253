import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

const PRIMITIVES = ["hash", "diffieHellman", "createPrivateKey", "createDecipheriv"] as const;

/** How often each primitive of node:crypto was called. */
export type Counts = Record<(typeof PRIMITIVES)[number], number>;

type Primitive = (...words: unknown[]) => unknown;

/** Calls what it is given and counts what it costs: the primitives run as ever, so that the figures are exact on any machine. */
export function counted(work: () => void): Counts {
  const counts: Counts = { hash: 0, diffieHellman: 0, createPrivateKey: 0, createDecipheriv: 0 };
  const primitives = crypto as unknown as Record<keyof Counts, Primitive>;
  const originals = { ...primitives };
  for (const name of PRIMITIVES) {
    primitives[name] = (...words) => {
      counts[name]++;
      return originals[name](...words);
    };
  }
  syncBuiltinESMExports();
  try {
    work();
  } finally {
    for (const name of PRIMITIVES) primitives[name] = originals[name];
    syncBuiltinESMExports();
  }
  return counts;
}
