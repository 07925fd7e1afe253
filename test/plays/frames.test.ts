import { expect } from "chai";
import { StanzaError } from "../../src/errors.js";
import { newDeviceId, newMessageId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { OMEMO_COMPANIONS, readEncrypted, writeEncrypted } from "../../src/omemo.js";
import { parsePayload, writeNormal } from "../../src/payload.js";
import type { Element } from "../../src/xml.js";
import { body, RawDevice, type Form } from "../support/raw-device.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

/** Runs something that has to be refused and answers the refusal. */
async function refusal(work: Promise<unknown>): Promise<StanzaError> {
  const error = await work.then(
    () => new Error("it was not refused"),
    (error: unknown) => error,
  );
  if (!(error instanceof StanzaError)) throw error;
  return error;
}

describe("both forms together", () => {
  const world = useWorld();
  const devices: RawDevice[] = [];
  const online = async (number: string, form: Form): Promise<RawDevice> => {
    const device = await RawDevice.online(await world().person(number), form);
    devices.push(device);
    return device;
  };
  after(async () => {
    await Promise.all(devices.map((device) => device.stop()));
  });
  const encrypted =
    writeEncrypted({
      sid: newDeviceId(),
      keys: [{ rid: newDeviceId(), isPreKey: true, data: Buffer.alloc(90, 5) }],
      iv: Buffer.alloc(12, 1),
      payload: Buffer.from("But soft"),
    }) + OMEMO_COMPANIONS;

  it("takes a message in one form for the same as in the other, both ways, and brings it to devices of both", async () => {
    const romeo = await online("+15551240001", "xml");
    const juliet = await online("+15551240002", "frame");
    const odd = `<a xmlns='urn:example' z='1' y='"' x='&lt;'><b xmlns='urn:example'>&gt;</b></a>`;
    for (const payload of [encrypted, odd, body("plain")]) {
      for (const forms of [
        [false, true],
        [true, false],
      ]) {
        const id = newMessageId();
        const outcomes = [];
        for (const isFramed of forms) {
          romeo.form = isFramed ? "frame" : "xml";
          await romeo.attach();
          expect(romeo.isFramed).to.equal(isFramed);
          outcomes.push(...(await romeo.submit([{ to: juliet.numberJid, payload, id }])));
        }
        expect(outcomes.map((one) => "isDuplicate" in one && one.isDuplicate)).to.deep.equal([false, true]);
      }
    }
    await until("every message once", () => juliet.messages.length === 6, 10_000);
    const [read, sent] = [juliet.messages[0]?.payload ?? "", encrypted].map(
      (payload) => parsePayload(payload)[0] as Element,
    );
    expect(readEncrypted(read as Element)).to.deep.equal(readEncrypted(sent as Element));
    await juliet.submit([{ to: romeo.numberJid, payload: encrypted }]);
    romeo.form = "xml";
    await romeo.attach();
    await until("the answer", () => romeo.messages.length > 0);
    const normal = (payload = "") => parsePayload(payload).map((element) => writeNormal(element));
    expect(normal(romeo.messages[0]?.payload)).to.deep.equal(normal(encrypted));
  });

  it("answers a frame that is none with bad-request, and nothing is lost", async () => {
    const romeo = await online("+15551240003", "frame");
    const juliet = await online("+15551240004", "frame");
    await romeo.say(juliet.numberJid, "before");
    for (const hex of ["ff", "80", "9bffffffffffffffff", "81".repeat(50_000), "f97e00"])
      expect(await refusal(romeo.sendFrame(Buffer.from(hex, "hex")))).to.include({
        condition: "bad-request",
      });
    await romeo.say(juliet.numberJid, "after");
    expect(await juliet.texts(2)).to.deep.equal(["before", "after"]);
  });

  it("takes no frame from a device that did not agree on them", async () => {
    const romeo = await online("+15551240005", "xml");
    void romeo.sendFrame(Buffer.of(0x80)).catch(() => {});
    await until("the word that it should attach", () =>
      romeo.others.some((stanza) => stanza.getChild("detached", NS.mailbox)),
    );
  });
});
