import { expect } from "chai";
import { openPeer, packPeer } from "../../../component/contacts/stored-peer.js";
import type { Relation } from "../../../component/contacts/sight.js";

const relation = (bits: number): Relation => ({
  isSubscribed: (bits & 1) > 0,
  isApproved: (bits & 2) > 0,
  isDenied: (bits & 4) > 0,
  isTold: (bits & 8) > 0,
  askedAt: 0,
});

describe("packPeer", () => {
  it("keeps everything through the journey between threads, and all that is alike in one object", () => {
    const sealed = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    for (let bits = 0; bits < 512; bits += 1) {
      const peer = {
        jid: "römeo@example.org",
        number: { id: 7, sealed },
        toPerson: relation(bits & 15),
        fromPerson: relation((bits >> 4) & 15),
        isBlocked: bits >= 256,
      };
      const { number, ...opened } = openPeer(structuredClone(packPeer(peer)));
      expect({
        ...opened,
        number: { id: number.id, sealed: new Uint8Array(Buffer.from(String(number.sealed), "latin1")) },
      }).to.deep.equal(peer);
      expect(opened.toPerson).to.equal(openPeer(packPeer(peer)).toPerson);
    }
  });
});
