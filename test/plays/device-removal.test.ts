import { expect } from "chai";
import { submitElement } from "../../src/data-form.js";
import { StanzaError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { attribute, xml } from "../../src/xml.js";
import { RawDevice } from "../support/raw-device.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

const NODE = "urn:twotick:devices";

/** Has devices of one's account removed by the command. Source: XEP-0050 */
async function remove(device: RawDevice, deviceId: number): Promise<void> {
  const start = xml("command", { xmlns: NS.commands, node: NODE });
  const sessionid = attribute(await device.ask("set", start), "sessionid");
  const form = submitElement(NODE, { remove: [String(deviceId)] });
  await device.ask(
    "set",
    xml("command", { xmlns: NS.commands, node: NODE, sessionid, action: "complete" }, form),
  );
}

describe("a device that was removed", () => {
  const world = useWorld();
  let romeo: RawDevice;
  let juliet: RawDevice;
  let lost: RawDevice;
  before(async () => {
    romeo = await RawDevice.online(await world().person("+15551230001"));
    juliet = await RawDevice.online(await world().person("+15551230002"));
    lost = await RawDevice.online(await world().furtherDevice(juliet.credentials));
  });
  after(async () => {
    await Promise.all([romeo, juliet, lost].map((device) => device.stop()));
  });

  it("gets nothing more, and what waited for it ends as expired", async () => {
    juliet.isAcknowledging = false;
    lost.isAcknowledging = false;
    const id = await romeo.say(juliet.numberJid, "before");
    await lost.texts(1);
    await remove(juliet, lost.credentials.deviceId);
    const detached = (device: RawDevice) => device.others.some((one) => one.getChild("detached", NS.mailbox));
    await until("both are told", () => detached(juliet) && detached(lost));
    await until("the word to the sender", () => romeo.receipts.some(({ state }) => state === "expired"));
    const expired = romeo.receipts.find(({ state }) => state === "expired");
    expect(expired).to.deep.include({ device: lost.credentials.deviceId, ids: [id] });

    const proof = { token: lost.token ?? "" };
    for (const attempt of [
      () => lost.attach(proof),
      () => lost.attach(),
      () => lost.say(romeo.numberJid, "hello"),
    ]) {
      const error = await attempt().catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(StanzaError).and.include({ condition: "not-authorized" });
    }
  });

  it("leaves the others as they were", async () => {
    juliet.isAcknowledging = true;
    await juliet.attach();
    await romeo.say(juliet.numberJid, "after");
    await until("the new message", () => juliet.messages.some(({ payload }) => payload.includes("after")));
    expect(lost.messages.map(({ payload }) => payload).join("")).not.to.include("after");
  });
});
