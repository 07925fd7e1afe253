import { expect } from "chai";
import {
  encrypt,
  MalformedKey,
  MalformedMessage,
  MalformedState,
  parseSession,
  readPreKeyMessage,
  serialiseSession,
} from "../../sdk/ratchet/mod.js";
import { readFields, writeFields } from "../../sdk/ratchet/protobuf.js";
import { PROFILES } from "../sdk/ratchet/device.js";
import { fuzz, outcomeOf } from "./harness.js";

fuzz({
  name: "protobuf",
  promise: "reads fields that are inside the input, or refuses with MalformedMessage",
  seeds: () => [
    writeFields([1, Buffer.alloc(33, 5)], [2, 7], [3, 0xffffffff], [4, Buffer.alloc(300, 9)]),
    Buffer.from("09010203040506070815010203041807", "hex"),
  ],
  run: (input) =>
    outcomeOf(() => {
      for (const value of readFields(input).values()) {
        if (typeof value === "number") expect(value).to.be.within(0, 2 ** 70);
        else expect(input.includes(value)).to.equal(true);
      }
    }, MalformedMessage),
});

for (const profile of PROFILES) {
  const short = profile.id === 1 ? "axolotl" : "omemo2";
  fuzz({
    name: `${short}-message`,
    promise: "takes apart into parts of the right size, or refuses with MalformedMessage or MalformedKey",
    run: (input) =>
      outcomeOf(
        () => {
          const { ratchetKey, counter, previousCounter, mac, authenticated } = profile.decodeMessage(input);
          expect(ratchetKey.length).to.equal(32);
          // OMEMO 2 has a field for it, whose length is judged with its value
          if (short === "axolotl") expect(mac.length).to.equal(profile.macSizeBytes);
          expect(authenticated.length).to.be.lessThan(input.length);
          for (const number of [counter, previousCounter]) expect(number >>> 0).to.equal(number);
        },
        MalformedMessage,
        MalformedKey,
      ),
  });

  fuzz({
    name: `${short}-pre-key-message`,
    promise: "takes apart into what can be written again, or refuses with MalformedMessage or MalformedKey",
    run: (input) =>
      outcomeOf(
        () => {
          const message = readPreKeyMessage(profile, input);
          expect(message.baseKey.length).to.equal(32);
          expect(message.identityKey.length).to.equal(profile.identityKeySizeBytes);
          const again = readPreKeyMessage(profile, profile.encodePreKeyMessage(message));
          expect(again).to.deep.equal(message);
        },
        MalformedMessage,
        MalformedKey,
      ),
  });

  fuzz({
    name: `${short}-session`,
    promise: "reads a session that is written as it was and goes on, or refuses with MalformedState",
    run: (input) => {
      const outcome = outcomeOf(() => {
        expect(serialiseSession(parseSession(input)).equals(input)).to.equal(true);
      }, MalformedState);
      // What can be read can be used, or is refused for a key of small order
      if (outcome === "ok") outcomeOf(() => encrypt(parseSession(input), input.subarray(0, 8)), MalformedKey);
      return outcome;
    },
  });
}
