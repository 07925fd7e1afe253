/**
 * For tests of what is built on the SDK: bots without a server, time and chance in hand, and journals that prove what
 * was delivered.
 *
 * @module twotick/sdk/testing
 */
export { botTest, BotTest, type BotTestOptions } from "./bot-test.js";
export { TestUser, type Received, type Said, type Saying } from "./test-user.js";
export { ManualClock } from "./manual-clock.js";
export { seededRandom } from "./seeded-random.js";
export { openMemoryStorage } from "../storage/memory.js";
export { hashBody, Journal, readJournal, type JournalLine } from "./journal.js";
export { keepJournal, type JournaledClient } from "./keep-journal.js";
export { checkJournals, type CheckOptions, type JournalReport } from "./check-journals.js";
export type { Violation } from "./violation.js";

// Everything real: a stock Prosody, the component, people and devices in one call
export { World, type WorldCheckOptions, type WorldOptions } from "./world/world.js";
export { WorldPerson } from "./world/person.js";
export { WorldDevice, type HeardWord, type SaidWord } from "./world/device.js";
export { WorldLink, type LinkChange } from "./world/link.js";
export { WorldPart } from "./world/part.js";
export { replayWorld } from "./world/replay.js";
export {
  readTranscript,
  writeTranscript,
  type PartChange,
  type PartName,
  type Tick,
  type WorldDeed,
  type WorldStep,
} from "./world/transcript.js";
export { TcpProxy, type Direction } from "./world/tcp-proxy.js";
export type { BreakingPoint, RoadConditions } from "./world/tcp-pipe.js";

// Plays: scripts that read like the stage, in the format of scansion and beyond
export { runPlays, type PlayOptions, type PlayResult, type PlaysReport } from "./plays/run-plays.js";
export { describePlays, writeCoverage, writeJunit } from "./plays/report.js";
export { PlayRecorder } from "./plays/play-recorder.js";
export type { PlayFailure } from "./plays/failure.js";
export type { ProvenRule } from "./plays/play.js";

// Load: an open loop that accounts for every message
export { runLoad, type LoadOptions, type LoadReport } from "./load/run-load.js";
export type { LoadRamp, LoadScenario, ResolvedScenario } from "./load/scenario.js";
export { LOAD_STAGES, type LoadSecond, type LoadStage, type StageTimes } from "./load/meter.js";
export type { LoadFault } from "./load/ledger.js";
export { compareLoads, describeLoad, type LoadComparison } from "./load/compare-loads.js";
export { writeLoadHtml } from "./load/load-html.js";
