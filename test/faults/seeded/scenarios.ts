import { until } from "../../support/until.js";
import { TcpProxy } from "../../support/tcp-proxy.js";
import type { PlainDevice } from "./plain-device.js";
import { hasShown, isTold, shownCount, type Stage } from "./stage.js";

const DAY_MS = 86_400_000;
const WINDOW = 1024;
const RESEND_FIRST_MS = 5_000;

/** The device of whoever sends, of whoever is to receive, and of somebody whom it does not concern. */
async function cast(stage: Stage): Promise<[PlainDevice, PlainDevice, PlainDevice]> {
  return (await stage.plainDevices(3)) as [PlainDevice, PlainDevice, PlainDevice];
}

/** The answer to a submit is lost with the connection, and the sender submits the same again. */
export async function answerIsLost(stage: Stage): Promise<void> {
  const [romeo, juliet] = await cast(stage);
  await Promise.all([romeo.begin(), juliet.begin()]);
  await romeo.say(juliet.number, "one");
  await romeo.end();
  await romeo.begin();
  await romeo.repeat(juliet.number, "one");
  await stage.lastWord(romeo, juliet);
}

/** The recipient is away, comes, takes one message, goes, and comes again; somebody else is there all the time. */
export async function comesAndGoes(stage: Stage): Promise<void> {
  const [romeo, juliet, nurse] = await cast(stage);
  await Promise.all([romeo.begin(), nurse.begin()]);
  await romeo.sayAll(juliet.number, ["one", "two", "three", "four"]);
  juliet.appetite = 1;
  await juliet.begin();
  await stage.patience(() => shownCount(juliet.journal.lines()) === 1);
  await juliet.roundTrip();
  await juliet.end();
  juliet.appetite = Infinity;
  await juliet.begin();
  await stage.lastWord(romeo, juliet);
}

/** The recipient dies of what it was sent before it is durable there. */
export async function diesOnArrival(stage: Stage): Promise<void> {
  const [romeo, juliet] = await cast(stage);
  await romeo.begin();
  await romeo.sayAll(juliet.number, ["one", "two", "three"]);
  juliet.mood = "deaf";
  await juliet.begin();
  for (let times = 0; times < 3; times += 1) await juliet.roundTrip();
  await juliet.end();
  juliet.mood = "well";
  await juliet.begin();
  await stage.lastWord(romeo, juliet);
}

/** More waits than the window holds, and the reader acknowledges nothing for a while. */
export async function readerIsSlow(stage: Stage): Promise<void> {
  const [romeo, juliet] = await cast(stage);
  await romeo.begin();
  for (let batch = 0; batch < 14; batch += 1) {
    const texts = Array.from({ length: 80 }, (_, index) => `${batch}-${index}`);
    await romeo.sayAll(juliet.number, texts);
  }
  juliet.mood = "silent";
  await juliet.begin();
  await stage.patience(() => shownCount(juliet.journal.lines()) >= WINDOW);
  for (let times = 0; times < 5; times += 1) await juliet.roundTrip();
  await juliet.recover();
  await stage.lastWord(romeo, juliet);
}

/** The sender goes offline before the recipient comes online. */
export async function senderIsAway(stage: Stage): Promise<void> {
  const [romeo, juliet] = await cast(stage);
  await romeo.begin();
  await romeo.sayAll(juliet.number, ["one", "two"]);
  for (let times = 0; times < 3; times += 1) await romeo.roundTrip();
  await romeo.end();
  await juliet.begin();
  await stage.patience(() => shownCount(juliet.journal.lines()) === 2);
  for (let times = 0; times < 3; times += 1) await juliet.roundTrip();
  await romeo.begin();
  await stage.lastWord(romeo, juliet);
}

/** A message is read before the acknowledgement of its entry goes. */
export async function isReadAtOnce(stage: Stage): Promise<void> {
  const [romeo, juliet] = await cast(stage);
  juliet.mood = "silent";
  await Promise.all([romeo.begin(), juliet.begin()]);
  await romeo.say(juliet.number, "one");
  await stage.patience(() => shownCount(juliet.journal.lines()) === 1);
  await juliet.read(romeo.number, "one");
  await stage.patience(() => isTold(romeo.journal.lines(), `${romeo.number}-one`, "read"));
  await juliet.recover();
  await stage.lastWord(romeo, juliet);
}

/** What the service sent is lost on the way to the device, which stays online. */
export async function deliveryIsLost(stage: Stage): Promise<void> {
  const [romeo, juliet] = await cast(stage);
  juliet.mood = "deaf";
  await Promise.all([romeo.begin(), juliet.begin()]);
  await romeo.sayAll(juliet.number, ["one", "two", "three"]);
  for (let times = 0; times < 3; times += 1) await juliet.roundTrip();
  juliet.mood = "well";
  stage.clock.pass(RESEND_FIRST_MS);
  await stage.patience(() => shownCount(juliet.journal.lines()) >= 2);
  await stage.lastWord(romeo, juliet);
}

/** The recipient dies of the first message each time that it comes, until the service sets it aside. */
export async function firstIsDeadly(stage: Stage): Promise<void> {
  const [romeo, juliet] = await cast(stage);
  await romeo.begin();
  await romeo.sayAll(juliet.number, ["deadly", "harmless"]);
  juliet.mood = "deaf";
  for (let life = 0; life < 5; life += 1) {
    await juliet.begin();
    for (let times = 0; times < 2; times += 1) await juliet.roundTrip();
    await juliet.end();
  }
  juliet.mood = "well";
  await juliet.begin();
  await stage.lastWord(romeo, juliet);
}

/** The recipient is away for longer than messages are kept. */
export async function waitsTooLong(stage: Stage): Promise<void> {
  const [romeo, juliet] = await cast(stage);
  await romeo.begin();
  await romeo.say(juliet.number, "one");
  stage.clock.pass(40 * DAY_MS);
  stage.clock.runJobs();
  await stage.patience(() => isTold(romeo.journal.lines(), `${romeo.number}-one`, "expired"));
  await juliet.begin();
  await stage.lastWord(romeo, juliet);
}

/** The component is killed, or the machine loses its power, at the moment in which a sender is told "accepted". */
export async function diesOnAccepted(stage: Stage, losePower = (): void => undefined): Promise<void> {
  const [romeo, juliet] = await cast(stage);
  // Stopping syncs everything: what is lost is lost of what comes now
  await stage.world.stopComponent();
  await stage.world.startComponent();
  await romeo.begin();
  await romeo.say(juliet.number, "one");
  await stage.world.killComponent();
  losePower();
  await stage.world.startComponent();
  await romeo.end();
  await romeo.begin();
  await juliet.begin();
  await stage.lastWord(romeo, juliet);
}

/** A device of the SDK is killed at the moment in which the sender is told "delivered". */
export async function diesOnDelivered(stage: Stage): Promise<void> {
  const [romeo, juliet] = [stage.person(), stage.person()];
  await Promise.all([romeo.start(), juliet.start()]);
  romeo.say(juliet.number, "one");
  await until("it is delivered", () => isTold(romeo.lines, "one", "delivered"), 20_000);
  await juliet.kill();
  await juliet.start();
  romeo.say(juliet.number, "last-word");
  await stage.patience(
    () => isTold(romeo.lines, "last-word", "delivered") && hasShown(juliet.lines, "last-word"),
  );
}

/** The acknowledgement of a device of the SDK is lost with its connection and its process. */
export async function acknowledgementIsLost(stage: Stage): Promise<void> {
  const proxy = await TcpProxy.start(Number(new URL(stage.world.prosody.service).port));
  const juliet = stage.person(proxy.service);
  await juliet.start();
  const [romeo] = await stage.plainDevices(1);
  if (!romeo) return;
  await romeo.begin();
  proxy.mute();
  await romeo.say(juliet.number, "one");
  await until("it is shown", () => juliet.lines.some(({ kind }) => kind === "acknowledged"), 20_000);
  await juliet.kill();
  proxy.heal();
  await juliet.start();
  await stage.lastWord(romeo, juliet);
  await juliet.kill();
  await proxy.close();
}

const SAID = ["one", "two", "three", "four"] as const;

/** A device of the SDK is killed with sends that wait for the service to come back. */
export async function diesWithFullOutbox(stage: Stage): Promise<void> {
  const [romeo, juliet] = [stage.person(), stage.person()];
  await Promise.all([romeo.start(), juliet.start()]);
  // They know each other's keys from here on
  romeo.say(juliet.number, "hello");
  await until("the first arrives", () => shownCount(juliet.lines) === 1, 20_000);
  await stage.world.stopComponent();
  for (const id of SAID) romeo.say(juliet.number, id);
  await until("all are noted", () => SAID.every((id) => romeo.hasNoted(id)), 20_000);
  await romeo.kill();
  await stage.world.startComponent();
  await romeo.start();
  romeo.say(juliet.number, "last-word");
  await stage.patience(() => isTold(romeo.lines, "last-word", "delivered"));
  const startedAt = Date.now();
  // What has not ended by now has to have had its time
  const isOver = (): boolean =>
    SAID.every((id) => isTold(romeo.lines, id, "delivered")) || Date.now() - startedAt > OUTBOX_END_MS + 500;
  await until("every send had its time", isOver, 2 * OUTBOX_END_MS);
  romeo.say(juliet.number, "good-night");
  await until("it is noted", () => romeo.hasNoted("good-night"), 20_000);
}

/** Within what a send has to end where nothing is slow; the contract gives it 30 s. */
export const OUTBOX_END_MS = 4_000;

/** What a device of the SDK submits does not reach the service, and the device is killed. */
export async function submitIsLost(stage: Stage): Promise<void> {
  const proxy = await TcpProxy.start(Number(new URL(stage.world.prosody.service).port));
  const [romeo, juliet] = [stage.person(proxy.service), stage.person()];
  await Promise.all([romeo.start(), juliet.start()]);
  romeo.say(juliet.number, "hello");
  await until("the first arrives", () => shownCount(juliet.lines) === 1, 20_000);
  await until("and is answered", () => isTold(romeo.lines, "hello", "delivered"), 20_000);
  const swallowed = proxy.swallowedBytes;
  proxy.mute();
  romeo.say(juliet.number, "one");
  await until("something is swallowed", () => proxy.swallowedBytes > swallowed + 200, 20_000);
  const deadline = performance.now() + 500;
  const isTime = (): boolean => isTold(romeo.lines, "one", "accepted") || performance.now() > deadline;
  await until("it is told that it was accepted, or is not", isTime);
  await romeo.kill();
  proxy.heal();
  await romeo.start();
  romeo.say(juliet.number, "last-word");
  await stage.patience(() => isTold(romeo.lines, "last-word", "delivered"));
  await romeo.kill();
  await proxy.close();
}
