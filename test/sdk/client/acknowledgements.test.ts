import { expect } from "chai";
import { Acknowledgements } from "../../../sdk/client/acknowledgements.js";
import { GroupCommit } from "../../../sdk/client/group-commit.js";
import { openMemoryStorage } from "../../../sdk/mod.js";
import { ManualClock } from "../../../sdk/testing/mod.js";
import type { Seq } from "../../../src/ids.js";

describe("Acknowledgements", () => {
  it("does not forget an entry that could not be decrypted while another is answered", () => {
    const storage = openMemoryStorage();
    const commits = new GroupCommit(storage);
    const open = (): Acknowledgements =>
      Acknowledgements.open(storage, {
        clock: new ManualClock(),
        commits,
        isAttached: () => true,
        send: () => {},
        submit: () => Promise.resolve(),
      });
    storage.transaction((transaction) => Acknowledgements.noteFailures(transaction, [4 as Seq]));
    const acks = open();
    void commits.run((transaction) => Acknowledgements.noteFailures(transaction, [6 as Seq]));
    acks.answered({ seq: 5 as Seq, undecryptable: [4 as Seq] });
    commits.flush();
    expect(open().last, "before the one that was not reported").to.equal(5);
  });
});
