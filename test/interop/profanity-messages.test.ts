import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { Bot } from "../../sdk/bot/mod.js";
import { Client, openMemoryStorage } from "../../sdk/mod.js";
import { enrol, enrolFurther, freshNumber, People, type Person } from "../sdk/client/people.js";
import { Profanity } from "../support/profanity.js";
import { until } from "../support/until.js";
import { PASSWORD, useWorld } from "../support/world.js";

const SLOW_MS = 20_000;

/** Earlier than the component asks an app whether it has a message of which no receipt came. */
const RECEIPT_WITHIN_MS = 5_000;
const FINGERPRINT = /(?:[\da-f]{8}-){7}[\da-f]{8}/;

/** A link to an encrypted file, with its key of 32 bytes behind an initialisation vector of 12. Source: XEP-0454 §3 */
const mediaLink = (file: string): string =>
  `aesgcm://upload.example.org/${file}#${randomBytes(44).toString("hex")}`;

/** Profanity 0.13.1 publishes a bundle and begins no list of devices: others see the list that its bundles make. */
async function useOmemo(profanity: Profanity): Promise<void> {
  for (const line of ["/receipts request on", "/receipts send on", "/omemo gen"]) profanity.type(line);
  await profanity.sees("crytographic materials generated");
}

describe("Profanity, at numbers", function () {
  this.timeout(120_000);
  const world = useWorld();
  const people = new People(world);
  const numbers = { romeo: "+15551230001", juliet: "+15551230002" };
  const jidOf = (number: string): string => `${number}@${world().prosody.componentDomain}`;
  const screens: Profanity[] = [];
  let romeo: Profanity;
  let juliet: Profanity;
  let nurse: Person;
  const enter = async (name: "romeo" | "juliet"): Promise<Profanity> => {
    await world().appPerson(numbers[name], name);
    const profanity = await Profanity.logIn(world(), name, PASSWORD);
    screens.push(profanity);
    return profanity;
  };
  before(async () => {
    [romeo, juliet] = await Promise.all([enter("romeo"), enter("juliet")]);
    nurse = await people.arrive();
    for (const profanity of [romeo, juliet]) await useOmemo(profanity);
  });
  afterEach(function () {
    if (this.currentTest?.state !== "failed") return;
    for (const { screen } of screens) console.error(`${"-".repeat(160)}\n${screen}`);
  });
  after(async () => {
    await people.leave();
    for (const profanity of screens) profanity.stop();
  });
  /** Opens the conversation with a number, where only what is said from now on is on the screen. */
  const turnTo = (profanity: Profanity, number: string, ...lines: readonly string[]): void => {
    for (const line of [`/msg ${jidOf(number)}`, "/clear", ...lines]) profanity.type(line);
  };
  const heard = (person: Person, text: string): Promise<void> =>
    until(`"${text}" arrives`, () => person.texts().includes(text), SLOW_MS);

  /** Trusts a device by its fingerprint, once it is shown. */
  const trustDevice = async (profanity: Profanity, client: Client, jid: string): Promise<void> => {
    const fingerprint = client.fingerprint?.match(/.{8}/g)?.join("-") ?? "";
    await profanity.asks(`/omemo fingerprint ${jid}`, fingerprint);
    profanity.type(`/omemo trust ${jid} ${fingerprint}`);
  };

  it("sends plain messages to an SDK device, and shows that they have arrived", async () => {
    turnTo(romeo, nurse.account.number as string, "But soft, what light");
    await heard(nurse, "But soft, what light");
    expect(nurse.messages.at(-1)).to.include({ from: numbers.romeo, isEncrypted: false });
    await nurse.messages.at(-1)?.markRead();
    await romeo.seesReceiptOf("But soft, what light");
  });

  it("adds somebody by number and shows whether they are there", async () => {
    juliet.type(`/msg ${jidOf(numbers.romeo)}`);
    turnTo(romeo, numbers.juliet, `/sub request ${jidOf(numbers.juliet)}`);
    await juliet.sees("Authorization request");
    juliet.type(`/sub allow ${jidOf(numbers.romeo)}`);
    await romeo.sees(`${jidOf(numbers.juliet)} [online]`);
    juliet.type("/status set away");
    await romeo.sees(`${jidOf(numbers.juliet)} [away]`);
    juliet.type("/status set online");
    await romeo.sees(`${jidOf(numbers.juliet)} [online]`);
  });

  it("reads and writes OMEMO with an SDK device, once its fingerprint is trusted", async () => {
    const number = nurse.account.number as string;
    turnTo(romeo, number, `/omemo start ${jidOf(number)}`);
    await romeo.sees("[OMEMO]");
    await trustDevice(romeo, nurse.client, jidOf(number));
    await romeo.says("It is the east");
    await heard(nurse, "It is the east");
    expect(nurse.messages.at(-1)).to.include({ from: numbers.romeo, isEncrypted: true });
    await romeo.seesReceiptOf("It is the east");
    await nurse.client.send(numbers.romeo, "Madam calls");
    await romeo.sees("Madam calls");
    await romeo.says("and Juliet is the sun");
    await heard(nurse, "and Juliet is the sun");
    await romeo.seesReceiptOf("and Juliet is the sun");
    const [sent, answered] = [mediaLink("a%20b.jpg?x=1&y=2"), mediaLink("c.ogg")];
    await romeo.says(sent);
    await heard(nurse, sent);
    await nurse.client.send(numbers.romeo, answered);
    await romeo.sees(answered);
    expect(romeo.screen.match(/aesgcm:\S+/g)).to.deep.equal([sent, answered]);
    expect(nurse.told.undecryptable).to.equal(undefined);
  });

  it("blindly trusts, when told to, whom it writes to for the first time", async () => {
    const mercutio = await people.arrive();
    const number = mercutio.account.number as string;
    turnTo(juliet, number, "/omemo trustmode blind", `/omemo start ${jidOf(number)}`);
    await juliet.sees("[OMEMO]");
    await juliet.says("Who is it that calls");
    await heard(mercutio, "Who is it that calls");
    expect(mercutio.messages.at(-1)).to.include({ from: numbers.juliet, isEncrypted: true });
    await mercutio.client.send(numbers.juliet, "A plague on it");
    await juliet.sees("A plague on it");
    juliet.type("/omemo trustmode manual");
  });

  it("encrypts for an SDK device of its own account too, which reads what it says to somebody else", async () => {
    const storage = openMemoryStorage();
    const { host: domain, componentDomain: numberDomain } = world().prosody;
    const account = { domain, username: "romeo", password: PASSWORD, numberDomain, number: numbers.romeo };
    await enrolFurther(world(), account, storage);
    const own = await people.open(storage, { account });
    const number = nurse.account.number as string;
    turnTo(romeo, number, `/omemo start ${jidOf(number)}`);
    await romeo.sees("[OMEMO]");
    await trustDevice(romeo, nurse.client, jidOf(number));
    await trustDevice(romeo, own.client, `romeo@${domain}`);
    await romeo.says("Bid her devise");
    await heard(nurse, "Bid her devise");
    await until("the own device has it", () => own.told["sent-elsewhere"] !== undefined, SLOW_MS);
    expect(own.told["sent-elsewhere"]).to.have.lengthOf(1);
    expect(own.told["sent-elsewhere"]?.[0]).to.include({
      to: number,
      text: "Bid her devise",
      isEncrypted: true,
    });
    expect(own.told.undecryptable).to.equal(undefined);
  });

  it("is answered by a bot, encrypted both ways", async () => {
    const storage = openMemoryStorage();
    const number = freshNumber();
    const account = await enrol(world(), number, storage);
    const client = await Client.open({ storage, service: world().prosody.service, account });
    const bot = new Bot();
    const heardEncrypted: boolean[] = [];
    bot.on("message:text", (ctx) => {
      heardEncrypted.push(ctx.isEncrypted);
      return ctx.reply(`${ctx.text}, you say`);
    });
    await bot.run(client);
    try {
      turnTo(romeo, number, `/omemo start ${jidOf(number)}`);
      await romeo.sees("[OMEMO]");
      await trustDevice(romeo, client, jidOf(number));
      await romeo.says("Speak again, bright angel");
      await romeo.sees("Speak again, bright angel, you say");
      expect(heardEncrypted).to.deep.equal([true]);
    } finally {
      await bot.stop();
    }
  });

  it("is told once and in order what was written while it was away", async () => {
    turnTo(romeo, nurse.account.number as string, "/disconnect");
    await romeo.sees("[offline]");
    const texts = Array.from({ length: 8 }, (_, index) => `patience ${index}.`);
    const handles = await Promise.all(texts.map((text) => nurse.client.send(numbers.romeo, text)));
    await Promise.all(handles.map((handle) => handle.until("accepted")));
    turnTo(juliet, numbers.romeo, "wherefore 1.", "wherefore 2.", "wherefore 3.");
    await juliet.sees("wherefore 3.");
    await romeo.connect();
    romeo.type(`/msg ${jidOf(numbers.juliet)}`);
    await romeo.sees("wherefore 3.");
    expect(romeo.screen.match(/wherefore \d\./g)).to.deep.equal(
      [1, 2, 3].map((count) => `wherefore ${count}.`),
    );
    romeo.type(`/msg ${jidOf(nurse.account.number as string)}`);
    await romeo.sees(texts.at(-1) as string);
    expect(romeo.screen.match(/patience \d\./g)).to.deep.equal(texts);
    await Promise.all(handles.map((handle) => handle.until("delivered")));
    romeo.type("/disconnect");
    await romeo.sees("[offline]");
    await romeo.connect();
    await nurse.client.send(numbers.romeo, "I come, anon");
    romeo.type(`/msg ${jidOf(nurse.account.number as string)}`);
    await romeo.sees("I come, anon");
    // It has closed its conversations with the connection: what stands there now has come since
    expect(romeo.screen).not.to.include("patience");
  });

  it("reads and writes OMEMO with another Profanity, each known by its number", async () => {
    const trust = async (one: Profanity, other: string, devices: number): Promise<void> => {
      turnTo(one, other, `/omemo start ${jidOf(other)}`);
      await one.sees("[OMEMO]");
      await one.asks("/omemo fingerprint", "You can trust it");
      const shown = (): string[] => [...new Set(one.screen.match(new RegExp(FINGERPRINT, "g")))];
      await until(`the fingerprints of ${devices} devices`, () => shown().length === devices, SLOW_MS);
      for (const fingerprint of shown()) one.type(`/omemo trust ${jidOf(other)} ${fingerprint}`);
    };
    // The account of one has a device of the SDK too
    await trust(juliet, numbers.romeo, 2);
    await trust(romeo, numbers.juliet, 1);
    await juliet.says("What man art thou");
    await romeo.sees("What man art thou");
    await romeo.says("By a name I know not");
    await juliet.sees("By a name I know not");
  });

  // Profanity 0.13.1 gives its receipts to full JIDs only: at a bare one they have no "to" and come back to itself
  it("gives its receipt to the full JID that a message came from, at once, and a login does not bring it again", async () => {
    const handle = await nurse.client.send(numbers.romeo, "Anon, anon");
    romeo.type(`/msg ${jidOf(nurse.account.number as string)}`);
    await romeo.sees("Anon, anon");
    await handle.until("delivered");
    const accepted = nurse.told.accepted?.find((one) => one.handle.id === handle.id);
    const receipt = nurse.told.receipt?.find(({ id, state }) => id === handle.id && state === "delivered");
    expect((receipt?.at ?? Infinity) - (accepted?.at ?? 0)).to.be.lessThan(RECEIPT_WITHIN_MS);
    romeo.type("/disconnect");
    await romeo.sees("[offline]");
    await romeo.connect();
    await nurse.client.send(numbers.romeo, "By and by");
    romeo.type(`/msg ${jidOf(nurse.account.number as string)}`);
    await romeo.sees("By and by");
    expect(romeo.screen).not.to.include("Anon, anon").and.not.to.include("cannot open");
  });

  it("shows the ticks of another Profanity, in a conversation that is not encrypted", async () => {
    turnTo(juliet, numbers.romeo, "/omemo end", "O gentle Romeo");
    await juliet.seesReceiptOf("O gentle Romeo");
  });
});
