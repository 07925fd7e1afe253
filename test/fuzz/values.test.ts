import { expect } from "chai";
import { decodeBase64, encodeBase64 } from "../../src/base64.js";
import { formatStamp, parseStamp } from "../../src/clock.js";
import { InvalidInput } from "../../src/errors.js";
import { deviceId, messageId, seq } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import { isPhoneNumber } from "../../src/phone-number.js";
import { parsePhoneNumber } from "../../src/written-number.js";
import {
  readVerificationUri,
  writeTrustMessageUris,
  writeVerificationUri,
} from "../../sdk/omemo/trust/verification-uri.js";
import { fuzz, outcomeOf } from "./harness.js";

fuzz({
  name: "jid",
  promise: "reads an address that is written as it reads, or refuses with InvalidInput",
  seeds: () => [
    "romeo@example.org/garden",
    "+15551230001@phone.example.org",
    "example.org",
    "a@b/c@d/e",
    "İ@ẞ.example",
    `${"a".repeat(1023)}@example.org`,
  ],
  dictionary: ["@", "/", "\\20", "\u0130", "\u212a", "\u{1f600}", "\ufeff", "a".repeat(1023)],
  run: (input) =>
    outcomeOf(() => {
      const jid = Jid.parse(input.toString("utf8"));
      const again = Jid.parse(jid.toString());
      expect([again.local, again.domain, again.resource]).to.deep.equal([
        jid.local,
        jid.domain,
        jid.resource,
      ]);
      expect(Jid.parse(jid.bare).toString()).to.equal(jid.bare);
      for (const part of [jid.local, jid.domain, jid.resource])
        expect(Buffer.byteLength(part)).to.be.at.most(1023);
    }, InvalidInput),
});

fuzz({
  name: "phone-number",
  promise: "makes a number in international form that stays what it is, or refuses with InvalidInput",
  seeds: () => ["+1 555-123-0001", "(555) 123-0001", "0170 1234567", "tel:+15551230001;ext=1", "+١٥٥٥"],
  dictionary: ["+", "00", "ext", "x", ";", "\u2010", "\uff0b", "\u0661"],
  maxSizeBytes: 100,
  run: (input) => {
    const text = input.toString("utf8");
    return [undefined, "US", "DE", "ZZ"]
      .map((country) =>
        outcomeOf(() => {
          const number = parsePhoneNumber(text, country);
          expect(isPhoneNumber(number)).to.equal(true);
          expect(parsePhoneNumber(number, country)).to.equal(number);
        }, InvalidInput),
      )
      .join();
  },
});

fuzz({
  name: "base64",
  promise: "reads the one spelling of some bytes, or refuses with InvalidInput",
  seeds: () => ["", "AA==", "AAA=", "AAAA", " AAAA\n", "AB=="],
  dictionary: ["=", "==", "-", "_", "\n", "AAAA", "\u00a0"],
  run: (input) =>
    outcomeOf(() => {
      const text = input.toString("utf8");
      const bytes = decodeBase64(text, "it", { min: 1, max: 48 });
      expect(bytes.length).to.be.within(1, 48);
      expect(encodeBase64(bytes)).to.equal(text.trim());
    }, InvalidInput),
});

fuzz({
  name: "ids-and-stamps",
  promise: "reads what is written as it was read, or refuses with InvalidInput",
  seeds: () => ["1", "2147483647", "999999999999999", "m-1", "2026-01-31T09:30:00.000Z"],
  dictionary: ["-", "+", "e", ".", "0x", "00:00", "T24:00:00", "Z", "+14:00", "0000-01-01", "9999-12-31"],
  maxSizeBytes: 80,
  run: (input) => {
    const text = input.toString("utf8");
    const outcomes = [
      outcomeOf(() => expect(deviceId(String(deviceId(text)))).to.equal(Number(text)), InvalidInput),
      outcomeOf(() => expect(seq(String(seq(text)))).to.equal(Number(text)), InvalidInput),
      outcomeOf(() => expect(messageId(text)).to.match(/^[!-~]{1,64}$/), InvalidInput),
    ];
    const at: number[] = [];
    outcomes.push(outcomeOf(() => at.push(parseStamp(text)), InvalidInput));
    for (const time of at) expect(parseStamp(formatStamp(time))).to.equal(time);
    return outcomes.join();
  },
});

const KEY = "0123456789abcdef".repeat(4);
const OTHER = "89abcdef01234567".repeat(4);
const ED25519 = "58".padEnd(64, "6");

fuzz({
  name: "verification-uri",
  promise: "reads keys that it would write again, or refuses with InvalidInput",
  seeds: () => [
    `xmpp:+15551230001@phone.example.org?omemo-sid-11=${KEY};omemo-sid-12=${OTHER}`,
    `xmpp:romeo%2Fx@example.org?omemo-sid-1=${KEY}`,
    `XMPP:romeo@example.org?trust-message;encryption=eu.siacs.conversations.axolotl;trust=${KEY};distrust=${OTHER}`,
    `xmpp:romeo@example.org?trust-message;encryption=urn:xmpp:omemo:2;trust=${ED25519}`,
  ],
  dictionary: [
    ";",
    "=",
    "%",
    "%25",
    "%2F",
    "%00",
    "%c3",
    "@",
    "?",
    "#",
    "omemo-sid-",
    "trust-message",
    "trust=",
    "distrust=",
    KEY,
    ED25519,
    "0".repeat(64),
    "f".repeat(64),
  ],
  run: (input) => {
    const text = input.toString("utf8");
    const read: ReturnType<typeof readVerificationUri>[] = [];
    const refusal = outcomeOf(() => read.push(readVerificationUri(text)), InvalidInput);
    const [uri] = read;
    if (!uri) return refusal;
    const { address, trusted, distrusted, devices } = uri;
    expect(Jid.parse(address).bare).to.equal(address);
    if (devices.size > 0) {
      const written = [...devices].map(([device, fingerprint]) => ({ device, fingerprint }));
      expect(readVerificationUri(writeVerificationUri(address, written))).to.deep.equal(uri);
      return `devices ${devices.size}`;
    }
    const again = writeTrustMessageUris(address, { trusted, distrusted }).map(readVerificationUri);
    expect(again).to.deep.equal([uri]);
    return `keys ${trusted.length} ${distrusted.length}`;
  },
});
