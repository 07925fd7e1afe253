import { expect } from "chai";
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Connection } from "../../../sdk/connection/connection.js";
import { readInvitation, register } from "../../support/in-band-registration.js";
import { useWorld } from "../../support/world.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";
const CODE = "123456";

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;
}

describe("XEP-0401 and XEP-0445: an account by invitation", () => {
  const world = useWorld({
    config: { signUp: { testNumbers: { [ROMEO]: CODE, [JULIET]: CODE } } },
  });

  async function post(path: string, body: object): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${world().app.httpPort}/v1/sign-ups${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  }

  async function begin(number: string): Promise<string> {
    const { body } = await post("", { number });
    return body["session"] ?? "";
  }

  const invite = (session: string): Promise<Answer> => post(`/${session}/invitation`, { code: CODE });

  async function logsIn(username: string, password: string): Promise<boolean> {
    const { service, host: domain } = world().prosody;
    const connection = new Connection({ service, domain, username, password, resource: "app" });
    connection.on("error", () => undefined);
    try {
      await connection.start();
      return true;
    } catch {
      return false;
    } finally {
      await connection.stop();
    }
  }

  it("gives a link with a reserved address, whose account has the number", async () => {
    const { status, body } = await invite(await begin(ROMEO));
    expect(status).to.equal(200);
    expect(body).to.include({ number: ROMEO, address: `${ROMEO}@phone.example.org` });
    expect(Date.parse(body["expiresAt"] ?? "")).to.be.above(Date.now() + 6 * 86_400_000);
    const { username, domain, token } = readInvitation(body["invitation"] ?? "");
    expect(`${username}@${domain}`).to.equal(body["account"]);
    expect(await register(world().prosody, { username, password: "wherefore", token })).to.equal(undefined);
    expect(await logsIn(username, "wherefore")).to.equal(true);
  });

  it("answers the same invitation again, until it is used", async () => {
    const session = await begin(JULIET);
    const { body } = await invite(session);
    const { body: again } = await invite(session);
    expect(again["invitation"]).to.equal(body["invitation"]);
    const { username, token } = readInvitation(body["invitation"] ?? "");
    const account = { username, password: "juliet", token };
    expect(await register(world().prosody, account)).to.equal(undefined);
    const { status, body: used } = await invite(session);
    expect([status, used["type"]]).to.deep.equal([409, "urn:twotick:problem:account-made"]);
    const other = { ...account, username: "tybalt" };
    expect(await register(world().prosody, other), "a token is good once").to.equal("preauth forbidden");
  });

  it("makes the account with a password for who asks for one after all", async () => {
    const session = await begin(JULIET);
    const { body } = await invite(session);
    const { body: made } = await post(`/${session}/verification`, { code: CODE });
    expect(made["account"]).to.equal(body["account"]);
    const { username, token } = readInvitation(body["invitation"] ?? "");
    expect(await logsIn(username, made["password"] ?? "")).to.equal(true);
    const late = { username, password: "tybalt", token };
    expect(await register(world().prosody, late), "nobody takes it over").to.equal("register conflict");
  });

  it("makes no invitation for a wrong code, nor for an address that can be guessed", async () => {
    const session = await begin(ROMEO);
    const wrong = await post(`/${session}/invitation`, { code: "654321" });
    expect([wrong.status, wrong.body["type"]]).to.deep.equal([403, "urn:twotick:problem:code-wrong"]);
    const chosen = await post(`/${session}/invitation`, { code: CODE, localpart: "romeo" });
    expect(chosen.status).to.equal(400);
  });

  for (const [what, token] of [
    ["without a token", undefined],
    ["with a token that nobody gave out", "AAAAAAAAAAAAAAAA"],
  ] as const) {
    it(`lets nobody make an account ${what}`, async () => {
      const account = { username: "tybalt", password: "tybalt", ...(token && { token }) };
      expect(await register(world().prosody, account)).to.match(
        /^(preauth forbidden|register not-acceptable)$/,
      );
      expect(await logsIn("tybalt", "tybalt")).to.equal(false);
    });
  }

  it("is refused by the host when it has expired", async () => {
    await reconfigure(/^registration_invite_only = true$/m, "$&\ninvite_expiry = 1");
    const { body } = await invite(await begin(JULIET));
    const { token } = readInvitation(body["invitation"] ?? "");
    const expiresAt = Date.parse(body["expiresAt"] ?? "");
    // Prosody counts whole seconds, by a clock that lags behind by some milliseconds
    const until = expiresAt + 1_100;
    while (Date.now() < until) await sleep(until - Date.now());
    const account = { username: "tybalt", password: "tybalt", token };
    expect(await register(world().prosody, account)).to.equal("preauth forbidden");
  });

  it("says so where the host makes no invitations", async () => {
    await reconfigure('"invites_adhoc";', "");
    const session = await begin(JULIET);
    const { status, body } = await invite(session);
    expect([status, body["type"]]).to.deep.equal([501, "urn:twotick:problem:invitations-unavailable"]);
    const made = await post(`/${session}/verification`, { code: CODE });
    expect(made.status).to.equal(200);
  });

  async function reconfigure(from: string | RegExp, to: string): Promise<void> {
    const { prosody } = world();
    const text = readFileSync(prosody.configPath, "utf8");
    expect(text).to.match(from instanceof RegExp ? from : new RegExp(from));
    writeFileSync(prosody.configPath, text.replace(from, to));
    await world().stopComponent();
    await prosody.restart();
    await world().startComponent();
  }
});
