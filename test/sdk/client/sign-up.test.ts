import { expect } from "chai";
import { openMemoryStorage, signUpDevice, SignUpError, type Storage } from "../../../sdk/mod.js";
import { useWorld } from "../../support/world.js";
import { failure } from "../connection/support.js";
import { People } from "./people.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";
const CODES = { [ROMEO]: "000001", [JULIET]: "000002" };

describe("signUpDevice", () => {
  const world = useWorld({ config: { signUp: { testNumbers: CODES } } });
  const people = new People(world);
  afterEach(() => people.leave());

  const join = async (number: keyof typeof CODES, storage: Storage): Promise<string> => {
    const session = await signUpDevice({
      storage,
      api: `http://127.0.0.1:${world().app.httpPort}`,
      number,
    });
    expect(await failure(session.verify("999999"))).to.be.instanceOf(SignUpError);
    return await session.verify(CODES[number]);
  };

  it("makes the store all that a client needs to send and receive under the number", async () => {
    const [romeos, juliets] = [openMemoryStorage(), openMemoryStorage()];
    expect(await join(ROMEO, romeos)).to.equal(ROMEO);
    await join(JULIET, juliets);
    const [romeo, juliet] = [await people.open(romeos), await people.open(juliets)];
    expect(romeo.client.number).to.equal(ROMEO);
    const handle = await romeo.client.send(JULIET, "But soft");
    await handle.until("delivered", { timeoutMs: 5_000 });
    expect(juliet.texts()).to.deep.equal(["But soft"]);
    const answer = await juliet.messages[0]?.reply("Ay me");
    await answer?.until("delivered", { timeoutMs: 5_000 });
    expect(romeo.texts()).to.deep.equal(["Ay me"]);
  });
});
