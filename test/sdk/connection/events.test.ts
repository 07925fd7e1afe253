import { expect } from "chai";
import { TypedEvents } from "../../../sdk/connection/events.js";

interface Told {
  news: string;
  error: unknown;
}

describe("TypedEvents", () => {
  const create = (): TypedEvents<Told> => {
    const events: TypedEvents<Told> = new TypedEvents<Told>((error) => events.emit("error", error));
    return events;
  };
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it("tells what a listener throws, also a late one, and calls the others", async () => {
    const events = create();
    const heard: string[] = [];
    const errors: unknown[] = [];
    events.on("error", (error) => errors.push(error));
    events.on("news", () => {
      throw new Error("at once");
    });
    events.on("news", async () => {
      await turn();
      throw new Error("late");
    });
    events.on("news", (news) => heard.push(news));
    events.emit("news", "but soft");
    await turn();
    await turn();
    expect(heard).to.deep.equal(["but soft"]);
    expect(errors.map(String)).to.deep.equal(["Error: at once", "Error: late"]);
  });

  it("tells a listener of errors once, and no more, of its own error", async () => {
    const events = create();
    let told = 0;
    events.on("error", async () => {
      told++;
      throw new Error("late again");
    });
    events.on("error", () => {
      throw new Error("again");
    });
    events.emit("error", new Error("first"));
    await turn();
    await turn();
    expect(told).to.be.within(2, 3);
  });
});
