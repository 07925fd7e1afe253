import { expect } from "chai";
import type { DeviceId } from "../../../src/ids.js";
import { writeFields } from "../../../sdk/ratchet/protobuf.js";
import type { Sealed } from "../../../sdk/omemo/mod.js";
import { counted } from "../ratchet/counted.js";
import {
  copyOf,
  dataOf,
  expectRefused,
  isPreKeyMessage,
  LOW_ORDER_POINTS,
  reopened,
  withData,
  withFields,
  withKeys,
} from "./forgery.js";
import { inEachVersion, JULIET, MERCUTIO, open, ROMEO, send, textOf, useLovers } from "./world.js";

/** More than any of the small refusals below may cost: agreements of keys. */
const FEW_AGREEMENTS = 4;

inEachVersion((version, newWorld) => {
  describe("Omemo.open, hostile messages", () => {
    const cast = useLovers(newWorld);

    const establish = async (): Promise<void> => {
      open(cast.romeo, JULIET, await send(cast.juliet, ROMEO, "a"));
      open(cast.juliet, ROMEO, await send(cast.romeo, JULIET, "b"));
    };

    /** What comes after is opened, and so nothing that came before has done harm. */
    const expectOpened = (sealed: Pick<Sealed, "payload">): void => {
      expect(textOf(open(cast.romeo, JULIET, sealed))).to.equal("true");
    };

    for (const isFirst of [true, false]) {
      const which = isFirst ? "first" : "later";
      const aMessage = async (): Promise<Sealed> => {
        if (!isFirst) await establish();
        const sealed = await send(cast.juliet, ROMEO, "true");
        expect(isPreKeyMessage(version, sealed)).to.equal(isFirst);
        return sealed;
      };

      it(`refuses a ${which} message whose counter jumps, without walking the chain`, async () => {
        const sealed = await aMessage();
        for (const counter of [1002, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
          const forged = withData(version, sealed, (data) => withFields(version, data, isFirst, { counter }));
          const { hash } = counted(() => expectRefused(cast.romeo, JULIET, forged, ["too-many-skipped"]));
          expect(hash).to.be.below(100);
        }
        expectOpened(sealed);
      });

      it(`refuses a ${which} message with a ratchet key of small order`, async () => {
        const sealed = await aMessage();
        for (const ratchetKey of LOW_ORDER_POINTS) {
          const forged = withData(version, sealed, (data) =>
            withFields(version, data, isFirst, { ratchetKey }),
          );
          expectRefused(cast.romeo, JULIET, forged, ["malformed"]);
        }
        expectOpened(sealed);
      });

      it(`refuses a ${which} message at whatever length it is cut`, async () => {
        const sealed = await aMessage();
        const { length } = dataOf(version, sealed);
        for (let size = 1; size < length; size += 1) {
          const forged = withData(version, sealed, (data) => data.subarray(0, size));
          expectRefused(cast.romeo, JULIET, forged, ["malformed", "bad-mac", "no-prekey"]);
        }
        expectOpened(sealed);
      });

      it(`opens a ${which} message with any bit changed for what it is, or not at all`, async () => {
        const sealed = await aMessage();
        const { length } = dataOf(version, sealed);
        const backup = copyOf(cast.romeo.storage);
        for (let at = 0; at < length; at += 1) {
          const forged = withData(version, sealed, (data) => {
            data[at] = (data[at] ?? 0) ^ (1 << (at % 8));
            return data;
          });
          const opened = textOf(open(cast.romeo, JULIET, forged));
          // What stands around a first message is not authentic; some of it decides nothing
          if (isFirst && opened === "true") cast.romeo = reopened(cast.world, cast.romeo, copyOf(backup));
          else
            expect(opened).to.match(/^!(malformed|bad-mac|no-prekey|no-session|duplicate|too-many-skipped)$/);
        }
        expectOpened(sealed);
      });

      it(`refuses a ${which} message with fields of impossible lengths`, async () => {
        const sealed = await aMessage();
        const lengths = ["ffffffff0f", "ffffffff7f", "ffffffffffffffffff01", "8080808080808080808001", "80"];
        for (const field of [1, 2, 3, 4, 5, 6, 15]) {
          for (const length of lengths) {
            const piece = Buffer.concat([Buffer.of((field << 3) | 2), Buffer.from(length, "hex")]);
            const forged = withData(version, sealed, (data) =>
              Buffer.concat([data.subarray(0, 1), piece, data.subarray(1)]),
            );
            expectRefused(cast.romeo, JULIET, forged, ["malformed", "bad-mac"]);
          }
        }
        expectOpened(sealed);
      });

      it(`refuses a ${which} message of a thousand bytes of repeated fields at little cost`, async () => {
        const sealed = await aMessage();
        const piece = writeFields([2, Buffer.alloc(33, 5)]);
        const repeated = Buffer.concat(Array.from({ length: 29 }, () => piece));
        const forged = withData(version, sealed, (data) => Buffer.concat([data.subarray(0, 1), repeated]));
        const { diffieHellman } = counted(() =>
          expectRefused(cast.romeo, JULIET, forged, ["malformed", "bad-mac"]),
        );
        expect(diffieHellman).to.be.at.most(FEW_AGREEMENTS);
        expectOpened(sealed);
      });

      it(`does nothing with a ${which} message for other devices, however many`, async () => {
        const sealed = await aMessage();
        const forged = withKeys(version, sealed, ([key]) =>
          Array.from({ length: 300 }, (_, index) => ({
            ...key!,
            jid: key!.jid || ROMEO.bare,
            rid: (1000 + index) as DeviceId,
          })),
        );
        const costs = counted(() => expectRefused(cast.romeo, JULIET, forged, ["not-for-this-device"]));
        expect(costs).to.deep.equal({ hash: 0, diffieHellman: 0, createPrivateKey: 0, createDecipheriv: 0 });
        expectOpened(sealed);
      });
    }

    it("passes over fields that it does not know in what stands around a first message", async () => {
      const sealed = await send(cast.juliet, ROMEO, "true");
      const more = writeFields([15, Buffer.alloc(100, 1)], [14, 7]);
      expectOpened(withData(version, sealed, (data) => Buffer.concat([data, more])));
      expectRefused(cast.romeo, JULIET, sealed, ["duplicate"]);
    });

    it("takes the last of fields that are there twice, as every reader of protobufs does", async () => {
      const sealed = await send(cast.juliet, ROMEO, "true");
      const { preKeyId } = version.profile.decodePreKeyMessage(dataOf(version, sealed));
      const other = writeFields([1, (preKeyId ?? 0) + 5000]);
      const last = withData(version, sealed, (data) => Buffer.concat([data, other]));
      expectRefused(cast.romeo, JULIET, last, ["no-prekey", "malformed", "bad-mac"]);
      expectOpened(sealed);
    });

    it("refuses keys of small order and of wrong length in what begins a session", async () => {
      const sealed = await send(cast.juliet, ROMEO, "true");
      const outer = version.profile.decodePreKeyMessage(dataOf(version, sealed));
      const size = outer.identityKey.length;
      const identities = [
        ...LOW_ORDER_POINTS.map((point) => (size === 33 ? Buffer.concat([Buffer.of(5), point]) : point)),
        Buffer.alloc(size),
        Buffer.alloc(size, 0xff),
        Buffer.alloc(0),
        outer.identityKey.subarray(1),
        Buffer.concat([outer.identityKey, Buffer.alloc(1)]),
      ];
      const lengths = [0, 1, 31, 34, 64];
      const forge = (fields: object): void => {
        const forged = withData(version, sealed, () =>
          version.profile.encodePreKeyMessage({ ...outer, ...fields }),
        );
        expectRefused(cast.romeo, JULIET, forged, ["malformed", "bad-mac"]);
      };
      for (const identityKey of identities) forge({ identityKey });
      for (const baseKey of LOW_ORDER_POINTS) forge({ baseKey });
      for (const length of lengths) {
        // Of a field that is there twice the last stands
        const field = writeFields([version.name === "2" ? 4 : 2, Buffer.alloc(length, 5)]);
        const forged = withData(version, sealed, (data) => Buffer.concat([data, field]));
        expectRefused(cast.romeo, JULIET, forged, ["malformed"]);
      }
      expectOpened(sealed);
    });

    it("tries no more than four keys for one device", async () => {
      await establish();
      const sealed = await send(cast.juliet, ROMEO, "true");
      const noise = Buffer.concat([dataOf(version, sealed).subarray(0, -4), Buffer.alloc(4)]);
      // One device stands only once in OMEMO 2
      const count = version.name === "2" ? 1 : 500;
      const forged = withKeys(version, sealed, ([key]) =>
        Array.from({ length: count }, () => ({ ...key!, data: noise })),
      );
      const { hash } = counted(() => expectRefused(cast.romeo, JULIET, forged, ["bad-mac", "malformed"]));
      expect(hash).to.be.below(4 * 40);
      expectOpened(sealed);
    });

    it("does not take a message of one person for one of another that has met the same device id", async () => {
      const mercutio = await cast.world.device(MERCUTIO, 11);
      open(cast.romeo, MERCUTIO, await send(mercutio, ROMEO, "it is me"));
      await establish();
      const sealed = await send(cast.juliet, ROMEO, "true");
      expectRefused(cast.romeo, MERCUTIO, sealed, ["bad-mac", "no-session"]);
      expectOpened(sealed);
    });
  });
});
