import { expect } from "chai";
import { RowCipher } from "../../../sdk/storage/row-cipher.js";

const NONCE = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWX");
const PLAINTEXT = Buffer.from("XAES-256-GCM");
const PLACE = Buffer.from("here");

describe("RowCipher", () => {
  // C2SP XAES-256-GCM, test vectors
  for (const [key, place, sealed] of [
    [1, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"],
    [3, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"],
  ] as const) {
    it(`answers as the specification does under the key of ${key}s`, () => {
      const cipher = new RowCipher(Buffer.alloc(32, key));
      const made = cipher.sealWith(NONCE, Buffer.from(place), PLAINTEXT);
      expect(made.subarray(24).toString("hex")).equal(sealed);
      expect(cipher.open(Buffer.from(place), made)).eql(PLAINTEXT);
    });
  }

  it("opens what it sealed, of any length, and never seals twice alike", () => {
    const cipher = new RowCipher(Buffer.alloc(32, 7));
    for (const length of [0, 1, 15, 16, 17, 5000]) {
      const content = Buffer.alloc(length, length);
      const sealed = cipher.seal(PLACE, content);
      expect(cipher.open(PLACE, sealed)).eql(content);
      expect(cipher.seal(PLACE, content).equals(sealed)).equal(false);
    }
  });

  it("opens nothing that was changed, cut, moved, or sealed with another key", () => {
    const cipher = new RowCipher(Buffer.alloc(32, 7));
    const sealed = cipher.seal(PLACE, PLAINTEXT);
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] as number) ^ 1;
      expect(cipher.open(PLACE, changed), `byte ${at}`).equal(undefined);
      expect(cipher.open(PLACE, sealed.subarray(0, at)), `${at} bytes`).equal(undefined);
    }
    expect(cipher.open(Buffer.from("there"), sealed)).equal(undefined);
    expect(new RowCipher(Buffer.alloc(32, 8)).open(PLACE, sealed)).equal(undefined);
  });
});
