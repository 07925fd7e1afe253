import { expect } from "chai";
import { freePort } from "../../prosody/ports.js";
import { until } from "../support/until.js";
import { World } from "../support/world.js";

const NUMBER = "+15551230001";
/** Checks that a sign-up evaluates before the first wait, which is a minute. */
const CHECKS_BEFORE_WAIT = 3;
const KILLS = 2;
const GUESSERS = 20;

describe("a guesser of codes while the component is killed again and again", () => {
  let world: World;
  let api: string;
  before(async () => {
    const port = await freePort();
    api = `http://127.0.0.1:${port}/v1/sign-ups`;
    const signUp = { provider: "command", countries: ["*"], command: { run: ["true"] } };
    world = await World.start({ isProcess: true, config: { http: { port }, signUp } });
  });
  after(() => world?.stop());

  const post = async (path: string, content: object): Promise<Record<string, unknown>> => {
    const response = await fetch(`${api}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(content),
    });
    return (await response.json()) as Record<string, unknown>;
  };

  it("is told no more often that a code is wrong than the limits say: what was told is on the disk", async function () {
    this.timeout(60_000);
    const { session } = await post("", { number: NUMBER });
    const told = new Map<string, number>();
    const over = new AbortController();
    let code = 0;
    const guesser = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const guess = { code: String(code++).padStart(6, "0") };
        const answer = await post(`/${String(session)}/verification`, guess).catch(() => undefined);
        if (!answer) await new Promise((resolve) => setTimeout(resolve, 5));
        else told.set(String(answer["type"]), (told.get(String(answer["type"])) ?? 0) + 1);
      }
    };
    const guessers = Array.from({ length: GUESSERS }, guesser);
    const answered = (): number => [...told.values()].reduce((sum, count) => sum + count, 0);
    for (let kill = 0; kill <= KILLS; kill++) {
      const before = answered();
      await until("further answers", () => answered() > before + 2 * GUESSERS, 20_000);
      if (kill === KILLS) break;
      await world.killComponent("SIGKILL");
      await world.startComponent();
    }
    over.abort();
    await Promise.all(guessers);
    const problem = "urn:twotick:problem";
    expect([...told.keys()]).to.have.members([`${problem}:code-wrong`, `${problem}:too-early`]);
    expect(told.get(`${problem}:code-wrong`)).to.be.at.most(CHECKS_BEFORE_WAIT);
  });

  it("gets no further sign-up of a number than before the kill", async function () {
    this.timeout(60_000);
    const begun: unknown[] = [];
    for (let i = 0; i < 8; i++) {
      const answer = await post("", { number: NUMBER });
      if (answer["session"] !== undefined) begun.push(answer["session"]);
      if (i % 4 !== 1) continue;
      await world.killComponent("SIGKILL");
      await world.startComponent();
    }
    // One of five was begun above
    expect(begun).to.have.length(4);
  });
});
