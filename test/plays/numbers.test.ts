import { expect } from "chai";
import { TwotickError } from "../../src/errors.js";
import { freshNumber, People } from "../sdk/client/people.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

describe("numbers as people use them", () => {
  const world = useWorld();
  const people = new People(world);
  afterEach(() => people.leave());

  it("tells at once that nobody has a number", async () => {
    const romeo = await people.arrive();
    const handle = await romeo.client.send("+15559999999", "anybody?");
    const error: unknown = await handle
      .until("accepted", { timeoutMs: 3_000 })
      .catch((failure: unknown) => failure);
    expect(error).to.be.instanceOf(TwotickError).with.property("code", "item-not-found");
    expect(handle.failure?.code).to.equal("item-not-found");
  });

  it("writes to the new devices of a number that was registered anew, after one message that they cannot read", async () => {
    const romeo = await people.arrive();
    const number = freshNumber();
    const before = await people.arrive({}, number);
    await (await romeo.client.send(number, "to the old one")).until("delivered");
    await before.client.stop();
    const after = await people.arrive({}, number);
    const blind = await romeo.client.send(number, "to devices that are gone");
    await until("it cannot be read", () =>
      (romeo.told.receipt ?? []).some(({ id, state }) => id === blind.id && state === "undecryptable"),
    );
    await (await romeo.client.send(number, "to the new one")).until("delivered");
    expect(after.texts()).to.deep.equal(["to the new one"]);
    expect(after.told.undecryptable).to.have.length(1);
  });
});
