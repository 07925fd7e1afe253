import type { LinkChange } from "./link.js";

/** How far a message has come, in the order in which people see ticks. */
export type Tick = "accepted" | "delivered" | "read";

/** A part of the world that runs by itself. */
export type PartName = "prosody" | "component";

/** What can be done to a part. */
export type PartChange = "kill" | "stop" | "start" | "freeze" | "thaw";

/**
 * One thing that happened in a world, in words that {@link replayWorld} can do again.
 *
 * What was done is noted when it begins, what was waited for when it came: so the steps, one after the other, are what happened.
 */
export type WorldStep = { readonly atMs: number } & WorldDeed;

/** A {@link WorldStep} without its time. */
export type WorldDeed =
  | { readonly do: "join"; readonly who: string }
  | {
      readonly do: "say";
      readonly who: string;
      readonly to: string;
      readonly text: string;
      readonly id: string;
    }
  | { readonly do: "read"; readonly who: string; readonly id: string }
  | { readonly do: "hear"; readonly who: string; readonly from: string; readonly text: string }
  | { readonly do: "tick"; readonly who: string; readonly id: string; readonly tick: Tick }
  | { readonly do: "start" | "stop" | "kill"; readonly who: string }
  | { readonly do: "link"; readonly which: string; readonly change: LinkChange }
  | { readonly do: "part"; readonly which: PartName; readonly change: PartChange }
  | { readonly do: "advance"; readonly ms: number };

/** What has happened in a world so far. */
export class Transcript {
  readonly steps: WorldStep[] = [];
  readonly #startedAt = performance.now();

  /** Notes a step. */
  note(deed: WorldDeed): void {
    this.steps.push({ atMs: Math.round(performance.now() - this.#startedAt), ...deed });
  }
}

/** Writes steps as text, a line of JSON each: what {@link readTranscript} reads. */
export function writeTranscript(steps: readonly WorldStep[]): string {
  return steps.map((step) => `${JSON.stringify(step)}\n`).join("");
}

/** Reads what {@link writeTranscript} wrote. */
export function readTranscript(text: string): WorldStep[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as WorldStep);
}
