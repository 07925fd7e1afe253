import { expect } from "chai";
import { createLog } from "../../component/log.js";

describe("createLog", () => {
  function lines(level: Parameters<typeof createLog>[0]): {
    log: ReturnType<typeof createLog>;
    text: () => string;
  } {
    const written: string[] = [];
    return {
      log: createLog(level, { write: (line) => void written.push(line) }),
      text: () => written.join(""),
    };
  }

  const names = "body code pin password secret token key number phone authorization payload stanza".split(
    " ",
  );
  for (const name of names) {
    it(`lets no field named ${name} through, at the top or one level down`, () => {
      const { log, text } = lines("debug");
      log.error({ [name]: "canary", request: { [name]: "canary" }, device: 7 }, "it went wrong");
      const line = JSON.parse(text()) as Record<string, unknown>;
      expect(line).to.deep.include({
        level: "error",
        msg: "it went wrong",
        device: 7,
        [name]: "[redacted]",
        request: { [name]: "[redacted]" },
      });
      expect(text()).not.to.include("canary");
    });
  }

  it("writes one JSON object a line, from its level on", () => {
    const { log, text } = lines("warn");
    log.info({}, "quiet");
    log.warn({}, "one");
    log.error({}, "two");
    const told = text().trimEnd().split("\n");
    expect(told.map((line) => (JSON.parse(line) as { msg: string }).msg)).to.deep.equal(["one", "two"]);
  });
});
