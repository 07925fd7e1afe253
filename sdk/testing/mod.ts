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
