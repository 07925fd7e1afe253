import { fuzz } from "./harness.js";
import { Play, type Stage, stageOf } from "./omemo-play.js";

/** The letters of a script, in the order of the steps of a play; the number behind each is its figure. */
const LETTERS = "s.d.atmrblkwnpuoc";

/**
 * A script as bytes: `s`end, `d`eliver one of the newest four, deliver `a`ny, `t`amper, `m`isdirect, `r`estart, `b`ack up or restore,
 * change a `l`ist or a bundle (`k`), `w`ait, a`n`nounce, `p`ush a list, do`u`bt, l`o`se,
 * send what OMEMO itself wants sent (`c`).
 */
function script(steps: string): Buffer {
  const found = [...steps.matchAll(/([a-z])(\d+)/g)];
  return Buffer.from(found.flatMap(([, letter = "", figure]) => [LETTERS.indexOf(letter), Number(figure)]));
}

const SCRIPTS = [
  // A talk between all three, with duplicates
  "s0 d1 d2 s1 d0 d2 s0 d1 d1 d2 s2 d0 d0 d1",
  // Late ones, and again
  "s0 s0 s0 d1 d4 d4 d7 d7 d1 s1 d0 s0 s0 d1 d4 d4 d1 s0 l1 s1 s1 d0 d3 d3 d0",
  // Both begin at once; restarts between
  "s0 s1 r0 d4 d0 r1 s0 d1 s1 d0 r2 d2",
  // Answers and repairs
  "s0 d1 w0 c1 d0 s1 b1 s1 s1 d0 d3 t0 c0 d1 w1 t0 c0 d1 s1 d0 l2 s0 c1 c2 d0",
  // A store from before, on either side
  "s0 d1 b0 s1 d0 s0 d1 b3 s0 d1 s1 d0 b1 s1 b4 s1 d0 d3",
  // Damage and misdirection before the true message
  "s0 t1 t4 t13 m1 m4 d1 s1 t0 t9 m0 m3 d0 s0 t1 m4 d1",
  // Hostile lists and bundles
  "s0 l1 w0 s0 l13 w0 s0 l31 w0 s0 k1 w1 s0 k13 w1 s0 k25 n1 w1 s0 d1 p0 p3 p9 p36 p60 n0 s1 d0",
];

const PROMISE =
  "shows what was sent, and once; changes nothing where it refuses, with a typed reason; fills no store, and recovers";

for (const [name, spoken] of [
  ["omemo-service-axolotl", ["0.3"]],
  ["omemo-service-omemo2", ["2"]],
  ["omemo-service-both", ["2", "0.3"]],
] as const) {
  let stage: Promise<Stage> | undefined;
  fuzz({
    name,
    promise: PROMISE,
    seeds: () => SCRIPTS.map(script),
    maxSizeBytes: 160,
    run: async (input) => {
      stage ??= stageOf(spoken);
      const play = new Play(await stage);
      try {
        for (let at = 0; at + 1 < input.length; at += 2) await play.step(input[at] ?? 0, input[at + 1] ?? 0);
        play.check();
        await play.recover();
        play.check();
      } finally {
        play.close();
      }
      return [...play.seen].sort().join(" ");
    },
  });
}
