import { expect } from "chai";
import { openMemoryStorage } from "../../../sdk/mod.js";
import { until } from "../../support/until.js";
import { useWorld } from "../../support/world.js";
import { enrolFurther, People } from "./people.js";

describe("Client, with a real server and component", () => {
  const world = useWorld();
  const people = new People(world);
  afterEach(() => people.leave());

  it("sends encrypted, shows once, and ticks from accepted to delivered to read", async () => {
    const romeo = await people.arrive();
    const juliet = await people.arrive();
    const handle = await romeo.client.send(juliet.account.number as string, "But soft");
    await handle.until("delivered", { timeoutMs: 5_000 });
    await until("the message", () => juliet.messages.length === 1);
    const [message] = juliet.messages;
    expect(message).to.include({
      text: "But soft",
      from: romeo.account.number,
      id: handle.id,
      isEncrypted: true,
      device: romeo.client.device,
    });
    await message?.markRead();
    await message?.acknowledge();
    await handle.until("read", { timeoutMs: 5_000 });
    const { recipients } = await handle.status();
    expect(recipients.map(({ device, state }) => ({ device, state }))).to.deep.equal([
      { device: juliet.client.device, state: "read" },
    ]);
    expect(romeo.told.error, "errors").to.equal(undefined);
    expect(juliet.told.error, "errors").to.equal(undefined);
  });

  it("keeps what was sent while the other was away, and shows it in order", async () => {
    const romeo = await people.arrive();
    const juliet = await people.arrive();
    await juliet.client.stop();
    const lines = Array.from({ length: 50 }, (_, index) => `line ${index}`);
    const handles = await Promise.all(
      lines.map((line) => romeo.client.send(juliet.account.number as string, line)),
    );
    await Promise.all(handles.map((handle) => handle.until("accepted", { timeoutMs: 5_000 })));
    const back = await people.open(juliet.storage);
    await until("all lines", () => back.messages.length >= 50);
    expect(back.texts()).to.deep.equal(lines);
    await Promise.all(handles.map((handle) => handle.until("delivered", { timeoutMs: 5_000 })));
  });

  it("tells the other own devices what was sent, and both get what comes", async () => {
    const romeo = await people.arrive();
    const juliet = await people.arrive();
    const storage = openMemoryStorage();
    await enrolFurther(world(), romeo.account, storage);
    const tablet = await people.open(storage, { account: romeo.account });
    await until("the device list", () =>
      romeo.client.trust
        .devices(romeo.account.number as string)
        .some(({ device }) => device === tablet.client.device),
    );
    const handle = await romeo.client.send(juliet.account.number as string, "from my phone");
    await handle.until("delivered", { timeoutMs: 5_000 });
    await until("the copy", () => (tablet.told["sent-elsewhere"]?.length ?? 0) === 1, 5_000);
    expect(tablet.told["sent-elsewhere"]?.[0]).to.include({
      text: "from my phone",
      to: juliet.account.number,
    });
    const [to, of] = [juliet.account.number as string, handle.id];
    await romeo.client.send(to, { kind: "text", text: "from my telephone", replaces: of });
    await romeo.client.send(to, { kind: "reaction", of, emojis: ["🌹"] });
    await romeo.client.send(to, { kind: "retraction", of });
    await until("the rest", () => (tablet.told["retracted-elsewhere"]?.length ?? 0) === 1, 5_000);
    expect(tablet.told["sent-elsewhere"]?.[1]).to.include({ text: "from my telephone", to, replaces: of });
    expect(tablet.told["reacted-elsewhere"]?.[0]).to.deep.include({ to, of, emojis: ["🌹"] });
    expect(tablet.told["retracted-elsewhere"]?.[0]).to.include({ to, of });
    expect(tablet.told["sent-elsewhere"]).to.have.lengthOf(2);
    await juliet.client.send(romeo.account.number as string, "to both");
    await until("both", () => romeo.messages.length === 1 && tablet.messages.length === 1);
  });
});
