import { expect } from "chai";
import { writeForApp } from "../../../component/apps/written.js";
import type { MessageId } from "../../../src/ids.js";
import { NS } from "../../../src/namespaces.js";
import { parseXml } from "../../../src/xml.js";

const BODY = `<body xmlns="${NS.client}">But soft</body>`;
const ENCRYPTED = `<encrypted xmlns="${NS.omemo2}"><payload>AAAA</payload></encrypted>`;
const REACTIONS = `<reactions xmlns="${NS.reactions}" id="m0"><reaction>+</reaction></reactions>`;
const RETRACTION = `<retract xmlns="${NS.retraction}" id="m0"/>`;

const write = (payload: string) =>
  writeForApp(
    {
      kind: "message",
      from: "+15551230001@phone.example.org",
      to: "+15551230002@phone.example.org",
      id: "m1" as MessageId,
      at: 0,
      payload,
    },
    {
      to: "juliet@example.org/phone",
      domain: "phone.example.org",
      now: 0,
      stanzaId: "s1",
      isArchived: true,
    },
  );

describe("writeForApp", () => {
  for (const [what, payload, isReceiptAsked, isMarkerAsked] of [
    ["a text", BODY, true, true],
    ["a text that is encrypted", `${ENCRYPTED}${BODY}`, true, true],
    ["what is encrypted and may be a marker itself", ENCRYPTED, true, false],
    ["a reaction", REACTIONS, true, false],
    ["a retraction", RETRACTION, false, false],
  ] as const)
    it(`asks for ${isReceiptAsked ? "a receipt" : "no receipt"} and ${isMarkerAsked ? "a" : "no"} marker of ${what}`, () => {
      const { text, isContent } = write(payload);
      const message = parseXml(text);
      expect(message.getChild("request", NS.receipts) !== undefined).to.equal(isReceiptAsked);
      expect(message.getChild("markable", NS.chatMarkers) !== undefined).to.equal(isMarkerAsked);
      expect(isContent).to.equal(isReceiptAsked);
    });
});
