import { expect } from "chai";
import { InvalidInput } from "../../../src/errors.js";
import { useWorld } from "../../support/world.js";
import { People } from "./people.js";

describe("Client.block", () => {
  const world = useWorld();
  const people = new People(world);
  afterEach(() => people.leave());

  it("keeps what a number sends away, which that one cannot tell, until it is unblocked", async () => {
    const [romeo, juliet] = [await people.arrive(), await people.arrive()];
    const [his, hers] = [romeo.client.number ?? "", juliet.client.number ?? ""];
    await juliet.client.block(his);
    expect(await juliet.client.blocked()).to.deep.equal([his]);
    const kept = await romeo.client.send(hers, "but soft");
    await kept.until("accepted");
    await juliet.client.unblock(his);
    expect(await juliet.client.blocked()).to.deep.equal([]);
    await (await romeo.client.send(hers, "what light")).until("delivered");
    expect(juliet.texts()).to.deep.equal(["what light"]);
    expect((await romeo.client.status(kept.id)).recipients).to.deep.equal([]);
  });

  it("wants a number", async () => {
    const { client } = await people.arrive();
    const error: unknown = await client.block("Romeo").catch((failure: unknown) => failure);
    expect(error).to.be.instanceOf(InvalidInput);
  });
});
