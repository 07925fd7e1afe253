import { expect } from "chai";
import { StreamManagement } from "../../../sdk/connection/stream-management.js";
import { StreamError } from "../../../src/stream-parser.js";

function holding(...texts: string[]): StreamManagement {
  const management = new StreamManagement();
  for (const text of texts) management.keep({ text, stanza: text });
  return management;
}

describe("StreamManagement", () => {
  it("keeps what was sent, in order, until it is acknowledged", () => {
    const management = holding("a", "bb", "ccc");
    management.acknowledge(2);
    expect(management.unacknowledged().map(({ text }) => text)).eql(["ccc"]);
    expect(management).include({ pendingCount: 1, pendingLength: 3, sent: 3 });
    management.acknowledge(2);
    management.acknowledge(3);
    expect(management).include({ pendingCount: 0, pendingLength: 0, sent: 3 });
  });

  for (const handled of [4, -1, 1.5, Number.NaN, 2 ** 32]) {
    it(`refuses an acknowledgement of ${handled} when 3 were sent and 1 is acknowledged`, () => {
      const management = holding("a", "b", "c");
      management.acknowledge(1);
      expect(() => management.acknowledge(handled))
        .throw(StreamError)
        .include({ code: "undefined-condition" });
      expect(management.pendingCount).equal(2);
    });
  }

  it("hands over what is unacknowledged once, when the session is lost", () => {
    const management = holding("a", "b");
    management.acknowledge(1);
    expect(management.abandon().map(({ text }) => text)).eql(["b"]);
    expect(management.abandon()).eql([]);
  });
});
