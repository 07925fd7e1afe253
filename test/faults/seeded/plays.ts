import { join } from "node:path";
import { freePort } from "../../../prosody/prosody.js";
import type { CheckOptions, JournalReport } from "../../../sdk/testing/mod.js";
import type { WorldOptions } from "../../support/world.js";
import { FaultyDisk } from "../disk/disk.js";
import type { Build } from "../../support/build.js";
import * as scenarios from "./scenarios.js";
import { numberOf, Stage } from "./stage.js";

/** Scenarios that share a world when nothing is at fault; the last one lets a month pass. */
const IN_PROCESS = {
  answerIsLost: scenarios.answerIsLost,
  comesAndGoes: scenarios.comesAndGoes,
  diesOnArrival: scenarios.diesOnArrival,
  readerIsSlow: scenarios.readerIsSlow,
  senderIsAway: scenarios.senderIsAway,
  isReadAtOnce: scenarios.isReadAtOnce,
  deliveryIsLost: scenarios.deliveryIsLost,
  firstIsDeadly: scenarios.firstIsDeadly,
  waitsTooLong: scenarios.waitsTooLong,
} as const;

/** Scenarios in which processes of the SDK are killed. */
const WITH_PEOPLE = {
  diesOnDelivered: scenarios.diesOnDelivered,
  acknowledgementIsLost: scenarios.acknowledgementIsLost,
  diesWithFullOutbox: scenarios.diesWithFullOutbox,
  submitIsLost: scenarios.submitIsLost,
} as const;

/** What happens to a build. */
export type ScenarioName =
  keyof typeof IN_PROCESS | keyof typeof WITH_PEOPLE | "diesOnAccepted" | "losesPowerOnAccepted";

/** Names of the scenarios that can be played one after the other in one world. */
export const SHARED_SCENARIOS: readonly (readonly ScenarioName[])[] = [
  Object.keys(IN_PROCESS) as (keyof typeof IN_PROCESS)[],
  ["diesOnAccepted"],
  ["losesPowerOnAccepted"],
  Object.keys(WITH_PEOPLE) as (keyof typeof WITH_PEOPLE)[],
];

/** Plays scenarios in one world; they all have to be of one row of {@link SHARED_SCENARIOS}. */
export async function play(
  build: Build,
  isSound: boolean,
  names: readonly ScenarioName[],
): Promise<Map<ScenarioName, JournalReport>> {
  const reports = new Map<ScenarioName, JournalReport>();
  const [first] = names;
  let disk: FaultyDisk | undefined;
  const stage = await Stage.open(build.folder, isSound, await worldOf(first, (made) => (disk = made)));
  try {
    for (const name of names) {
      await act(stage, name, () => disk);
      reports.set(name, stage.report(strictness(name)));
      await stage.clear();
    }
  } finally {
    await stage.close();
  }
  return reports;
}

async function worldOf(
  name: ScenarioName | undefined,
  onDisk: (disk: FaultyDisk) => void,
): Promise<WorldOptions> {
  if (name === undefined || name in IN_PROCESS) return {};
  const link = { maxRetrySeconds: 0.3 };
  if (name === "diesOnAccepted") return { isProcess: true, config: { link } };
  if (name === "losesPowerOnAccepted") {
    return {
      isProcess: true,
      config: { link },
      environment: ({ folder, config }: Stage["world"]) => {
        const disk = new FaultyDisk(config.store.path, join(folder, "durable"));
        onDisk(disk);
        return disk.environment;
      },
    };
  }
  const numbers = Array.from({ length: 20 }, (_, index) => [numberOf(index + 1), "000000"]);
  const signUp = { testNumbers: Object.fromEntries(numbers) as Record<string, string> };
  return { config: { link, signUp, http: { port: await freePort() } } };
}

async function act(stage: Stage, name: ScenarioName, disk: () => FaultyDisk | undefined): Promise<void> {
  if (name === "diesOnAccepted") return scenarios.diesOnAccepted(stage);
  if (name === "losesPowerOnAccepted") {
    return scenarios.diesOnAccepted(stage, () => void disk()?.losePower(0, Math.random));
  }
  const scene = { ...IN_PROCESS, ...WITH_PEOPLE }[name];
  return scene(stage);
}

function strictness(name: ScenarioName): CheckOptions {
  return name === "diesWithFullOutbox" ? { endWithinMs: scenarios.OUTBOX_END_MS } : {};
}
