import { expect } from "chai";
import { Submissions } from "../../../component/apps/submissions.js";
import type { StoredOutcome, StoredSubmission } from "../../../component/mailbox/accept-store.js";
import type { MessageId } from "../../../src/ids.js";

const submission = (id: string): StoredSubmission => ({
  id: id as MessageId,
  toHash: new Uint8Array(32),
  payload: "",
  digest: new Uint8Array(16),
});

/** A store that accepts everything, at the time that the id says. */
function accepting(taken: string[]) {
  return (sender: string, submissions: readonly StoredSubmission[]): Promise<StoredOutcome[] | undefined> => {
    taken.push(`${sender}: ${submissions.map(({ id }) => id).join(" ")}`);
    if (sender === "nobody") return Promise.resolve(undefined);
    if (sender === "broken") return Promise.reject(new Error("the disk is full"));
    return Promise.resolve(
      submissions.map(({ id }) => ({ acceptedAt: Number(id), isDuplicate: false, entries: [] })),
    );
  };
}

describe("Submissions", () => {
  it("hands over what each sender wrote in one turn, in its order, and answers each", async () => {
    const taken: string[] = [];
    const submissions = new Submissions<string>(accepting(taken));
    const answers = await Promise.all([
      submissions.add("romeo", submission("1")),
      submissions.add("juliet", submission("2")),
      submissions.add("romeo", submission("3")),
    ]);
    expect(taken).to.deep.equal(["romeo: 1 3", "juliet: 2"]);
    expect(answers.map((answer) => answer && "acceptedAt" in answer && answer.acceptedAt)).to.deep.equal([
      1, 2, 3,
    ]);
    await submissions.add("romeo", submission("4"));
    expect(taken.at(-1)).to.equal("romeo: 4");
  });

  it("says so when a sender has no mailbox, or the store fails, and holds up nobody else", async () => {
    const submissions = new Submissions<string>(accepting([]));
    const results = await Promise.allSettled([
      submissions.add("nobody", submission("1")),
      submissions.add("broken", submission("2")),
      submissions.add("broken", submission("3")),
      submissions.add("romeo", submission("4")),
    ]);
    expect(results.map(({ status }) => status)).to.deep.equal([
      "fulfilled",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    expect(results[0]).to.have.property("value", undefined);
  });
});
