import { expect } from "chai";
import type { InjectOptions, LightMyRequestResponse } from "fastify";
import type { Resource } from "../../../component/availability/availability.js";
import type { Context } from "../../../component/capability.js";
import { awaitAccounts } from "../../../component/invitations/outcomes.js";
import { english } from "../../../component/welcome/texts-en.js";
import { german } from "../../../component/welcome/texts-de.js";
import { spanish } from "../../../component/welcome/texts-es.js";
import { until } from "../../support/until.js";
import { Harness, type HarnessOptions } from "../sign-up/harness.js";

const ROMEO = "+15551230001";
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** As much of a browser as forms need: it keeps the cookie and follows redirects. */
class Visitor {
  readonly #harness: Harness;
  cookie = "";
  url = "/welcome/";
  response: LightMyRequestResponse | undefined;

  constructor(harness: Harness) {
    this.#harness = harness;
  }

  get text(): string {
    return this.response?.body ?? "";
  }

  get status(): number | undefined {
    return this.response?.statusCode;
  }

  get uri(): string | undefined {
    return /href="(xmpp:[^"]+)"/.exec(this.text)?.[1];
  }

  get password(): string | undefined {
    return /id="password"[^>]*value="([^"]+)"/.exec(this.text)?.[1];
  }

  get nonce(): string {
    return /name="nonce" value="([^"]+)"/.exec(this.text)?.[1] ?? "";
  }

  get(path = this.url, headers: Record<string, string> = {}): Promise<this> {
    return this.#go({ method: "GET", url: path, headers });
  }

  post(
    path: string,
    form: Record<string, string>,
    more: Omit<Partial<InjectOptions>, "url"> = {},
  ): Promise<this> {
    return this.#go({
      method: "POST",
      url: path,
      payload: new URLSearchParams(form).toString(),
      ...more,
      headers: { "content-type": "application/x-www-form-urlencoded", ...more.headers },
    });
  }

  async #go(options: InjectOptions & { url: string }): Promise<this> {
    const { url } = options;
    const response = await this.#harness.server.fastify.inject({
      ...options,
      headers: { ...options.headers, ...(this.cookie && { cookie: this.cookie }) },
    });
    this.response = response;
    this.url = url;
    const cookie = response.headers["set-cookie"];
    if (typeof cookie === "string")
      this.cookie = cookie.includes("Max-Age=0") ? "" : (cookie.split(";")[0] ?? "");
    const location = response.headers["location"];
    if (typeof location !== "string") return this;
    return this.get(new URL(location, `http://verona${url}`).href.slice("http://verona".length));
  }

  async begin(number: string): Promise<this> {
    await this.get("/welcome/");
    return this.post("/welcome/", { number, nonce: this.nonce });
  }
}

describe("the welcome page", () => {
  let harness: Harness;
  const open = async (options: HarnessOptions = {}): Promise<Visitor> => {
    harness = await Harness.start({ welcome: { enabled: true }, ...options });
    harness.host.invitations = { ttlMs: 7 * DAY };
    return new Visitor(harness);
  };
  afterEach(() => harness.stop());

  const finish = (visitor: Visitor): Promise<Visitor> =>
    visitor.post("/welcome/code", { code: harness.sms.lastCode });

  const owner = async (): Promise<string | undefined> => {
    const hash = harness.context.vault.hashNumber(ROMEO as never);
    return (await harness.accounts.findByNumber(hash))?.jid;
  };

  const job = async (name: string): Promise<void> => {
    const jobs = harness.capabilities.flatMap(({ jobs = [] }) => jobs);
    await jobs.find((one) => one.name === name)!.run();
  };

  it("is not there unless it is enabled", async () => {
    const visitor = await open({ welcome: {} });
    expect((await visitor.get()).status).to.equal(404);
  });

  it("loads and runs nothing, is kept nowhere and framed by nobody", async () => {
    const visitor = await open();
    const { headers } = (await visitor.get()).response!;
    expect(headers["content-security-policy"]).to.match(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
    );
    expect(headers).to.include({ "cache-control": "no-store", "referrer-policy": "no-referrer" });
    expect(visitor.text).not.to.match(/<script|https?:|\son\w+=|\sstyle=/);
    await visitor.begin(ROMEO);
    expect(visitor.cookie).to.match(/^__Host-sign-up=/);
  });

  it("writes what was typed as text, never as markup", async () => {
    const visitor = await open();
    await visitor.begin('"><script>alert(1)</script>');
    expect(visitor.status).to.equal(400);
    expect(visitor.text).to.include("&quot;&gt;&lt;script&gt;").and.not.to.include("<script");
  });

  it("gives the number to the address in the link before any app has made its account", async () => {
    const visitor = await open();
    await visitor.begin(ROMEO);
    await finish(visitor);
    expect(visitor.uri).to.equal(`xmpp:${await owner()}?register;preauth=invitation-1`);
    expect(harness.host.accounts.size).to.equal(0);
  });

  it("sends one code for a form that is sent twice, at once or one after the other", async () => {
    const visitor = await open();
    await visitor.get();
    const form = { number: ROMEO, nonce: visitor.nonce };
    const twins = [new Visitor(harness), new Visitor(harness)];
    await Promise.all(twins.map((twin) => twin.post("/welcome/", form)));
    expect(twins[0]!.cookie).to.equal(twins[1]!.cookie);
    await visitor.post("/welcome/", form);
    expect(visitor.cookie).to.equal(twins[0]!.cookie);
    expect(harness.sms.received).to.have.length(1);
    // The form of long ago begins anew
    harness.clock.advance(61 * MINUTE);
    await new Visitor(harness).post("/welcome/", form);
    expect(harness.sms.received).to.have.length(2);
  });

  it("counts against the limits of the API, and says how long to wait", async () => {
    const visitor = await open({ signUp: { limits: { number: { burst: 1 } } } });
    await harness.begin(ROMEO);
    await visitor.begin(ROMEO);
    expect(visitor.status).to.equal(429);
    expect(visitor.response!.headers["retry-after"]).to.equal(String(288 * 60));
    expect(visitor.text).to.include("Too many codes were asked for. Try again in 5 hours.");
  });

  it("takes no form of another site's", async () => {
    const visitor = await open();
    const headers = { "sec-fetch-site": "cross-site" };
    await visitor.post("/welcome/", { number: ROMEO, nonce: "" }, { headers });
    expect(visitor.status).to.equal(403);
    expect(harness.sms.received).to.have.length(0);
  });

  it("counts wrong codes, says how many tries are left, and sends another code", async () => {
    const visitor = await open();
    await visitor.begin(ROMEO);
    await visitor.post("/welcome/code", { code: "12345" });
    expect(visitor.text).to.include("A code has six digits.").and.not.to.include("tries left");
    for (const left of ["4 tries", "3 tries"]) {
      await visitor.post("/welcome/code", { code: harness.sms.lastCode === "000000" ? "000001" : "000000" });
      expect(visitor.text).to.include("The code is not right.").and.to.include(`You have ${left} left.`);
    }
    await visitor.post("/welcome/codes", { channel: "sms" });
    expect(visitor.text)
      .to.include("It is too early")
      .and.to.include("Another code can be sent in 60 seconds.");
    harness.clock.advance(MINUTE);
    await visitor.post("/welcome/codes", { channel: "voice" });
    expect(visitor.text).to.include("Another code is on its way.");
    expect(harness.sms.received.map(({ path }) => path)).to.deep.equal(["/sms", "/voice"]);
    await finish(visitor);
    expect(visitor.uri).not.to.equal(undefined);
  });

  it("asks for the PIN of a protected number", async () => {
    const visitor = await open();
    const session = await harness.begin(ROMEO);
    await harness.verify(session, { code: harness.sms.lastCode, newPin: "1234" });
    await visitor.begin(ROMEO);
    await finish(visitor);
    expect(visitor.text).to.include("The number is protected by a PIN.").and.to.include("<details open>");
    await visitor.post("/welcome/code", { code: harness.sms.lastCode, pin: "1235" });
    expect(visitor.text).to.include("The PIN is not right.");
    await visitor.post("/welcome/code", { code: harness.sms.lastCode, pin: "1234" });
    expect(visitor.uri).not.to.equal(undefined);
  });

  it("makes another invitation in place of one that has expired", async () => {
    const visitor = await open();
    harness.host.invitations = { ttlMs: MINUTE };
    await visitor.begin(ROMEO);
    await finish(visitor);
    expect(visitor.text).to.include("It can be used once, within 60 seconds.");
    const [address] = visitor.uri!.split("?");
    harness.clock.advance(MINUTE);
    await visitor.get();
    expect(visitor.uri).to.equal(undefined);
    expect(visitor.text).to.include("The invitation has expired.");
    await visitor.post("/welcome/invitation", {});
    expect(visitor.uri).to.equal(`${address}?register;preauth=invitation-2`);
    await visitor.post("/welcome/invitation", {});
    expect(harness.host.tokens, "one that is good stays").to.have.length(2);
  });

  it("says that an app has used the invitation, and sets no password then", async () => {
    const visitor = await open();
    await visitor.begin(ROMEO);
    await finish(visitor);
    const account = (await owner())!;
    harness.host.accounts.set(account, "the app's own");
    await visitor.post("/welcome/password", {});
    expect(visitor.text).to.include("An app has used the invitation.").and.to.include(account);
    expect(harness.host.accounts.get(account)).to.equal("the app's own");
  });

  it("shows the password that was set, even when the answer to setting it was lost", async () => {
    const visitor = await open();
    await visitor.begin(ROMEO);
    await finish(visitor);
    harness.host.loseAnswerTo = "add-user";
    await visitor.post("/welcome/password", {});
    expect(visitor.text).to.include("The server cannot be reached");
    await visitor.post("/welcome/password", {});
    expect(visitor.password).to.match(/^(\w{4}-){4}\w{4}$/);
    expect(harness.host.accounts.get((await owner())!)).to.equal(visitor.password);
    const { password } = visitor;
    await harness.restart();
    await visitor.get();
    expect(visitor.password).to.equal(password);
  });

  it("gives address and password where the host makes no invitations", async () => {
    const visitor = await open();
    harness.host.invitations = undefined;
    await visitor.begin(ROMEO);
    await finish(visitor);
    expect(harness.host.accounts.get((await owner())!)).to.equal(visitor.password);
  });

  it("says that it gives none where the admin wants none", async () => {
    const visitor = await open({ signUp: { invitations: false } });
    await visitor.begin(ROMEO);
    await finish(visitor);
    expect(harness.host.tokens).to.have.length(0);
    expect(visitor.password).not.to.equal(undefined);
  });

  it("warns in the log when the host makes no invitations", async () => {
    await open();
    const told = async (): Promise<string> => {
      harness.logLines.length = 0;
      for (const capability of harness.capabilities) capability.onOnline?.();
      // What is asked is answered in a moment: the host of this test needs no time
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      return harness.logLines.join("");
    };
    expect(await told()).not.to.include("invites_adhoc");
    harness.host.invitations = undefined;
    expect(await told()).to.include("invites_adhoc");
  });

  it("goes on where it stopped when the server could not be reached", async () => {
    const visitor = await open();
    await visitor.begin(ROMEO);
    harness.host.isOnline = false;
    await finish(visitor);
    expect(visitor.text).to.include("The server cannot be reached at the moment.");
    harness.host.isOnline = true;
    await finish(visitor);
    expect(visitor.uri).not.to.equal(undefined);
  });

  it("begins again when the sign-up is over, and forgets it", async () => {
    const visitor = await open();
    await visitor.begin(ROMEO);
    harness.clock.advance(31 * MINUTE);
    await finish(visitor);
    expect(visitor.text).to.include("This sign-up is over").and.to.include('name="number"');
    expect(visitor.cookie).to.equal("");
  });

  for (const path of ["code", "app"])
    it(`leads who comes to ${path} without a sign-up to the beginning`, async () => {
      const visitor = await open();
      await visitor.get(`/welcome/${path}`);
      expect(visitor.text).to.include('name="number"');
    });

  it("speaks the language that the browser would like most", async () => {
    const visitor = await open();
    const spoken = async (header: string): Promise<unknown> =>
      (await visitor.get("/welcome/", { "accept-language": header })).response!.headers["content-language"];
    expect(await spoken("fr, de;q=0.5, es;q=0.9")).to.equal("es");
    expect(await spoken("de-AT")).to.equal("de");
    expect(await spoken("es;q=0, *")).to.equal("en");
    expect(await spoken("constructor, __proto__")).to.equal("en");
  });

  it("says everything in every language", () => {
    for (const texts of [german, spanish]) {
      for (const [code, text] of Object.entries(texts.problems))
        expect(text, code).not.to.equal(english.problems[code as keyof typeof english.problems]);
    }
  });

  it("tells everybody of the number when its account first comes online, and once", async () => {
    const visitor = await open();
    await visitor.begin(ROMEO);
    await finish(visitor);
    const account = (await owner())!;
    const linked: string[] = [];
    const come: ((resource: Resource, isNew: boolean) => void)[] = [];
    const { context } = harness;
    const parts = {
      ...context,
      availability: {
        ...context.availability,
        onAvailable: (listener: (typeof come)[0]) => void come.push(listener),
      },
      events: { ...context.events, numberLinked: (jid: string) => void linked.push(jid) },
    } as unknown as Context;
    const toCome = new Set<string>();
    await awaitAccounts(parts, toCome);
    expect([...toCome], "known after a restart").to.deep.equal([account]);
    for (const one of [account, "juliet@example.org", account])
      come[0]!({ account: one, jid: `${one}/app` } as Resource, true);
    await until("the news", () => linked.length > 0);
    expect(linked).to.deep.equal([account]);
    await awaitAccounts(parts, toCome);
    expect([...toCome]).to.deep.equal([]);
    await visitor.get("/welcome/app");
    expect(visitor.text).to.include("An app has used the invitation.");
  });

  describe("when an invitation has expired", () => {
    it("frees the number that no app has made an account for, with what waited", async () => {
      const visitor = await open();
      await visitor.begin(ROMEO);
      await finish(visitor);
      const account = await owner();
      harness.clock.advance(7 * DAY);
      await job("invitations");
      expect(await owner(), "in its last minute").to.equal(account);
      harness.clock.advance(2 * MINUTE);
      harness.host.isOnline = false;
      await job("invitations");
      expect(await owner(), "nobody could be asked").to.equal(account);
      harness.host.isOnline = true;
      await job("invitations");
      expect(await owner()).to.equal(undefined);
      expect(harness.gone).to.deep.equal([account]);
    });

    it("leaves the number to the account that an app has made", async () => {
      const visitor = await open();
      await visitor.begin(ROMEO);
      await finish(visitor);
      const account = (await owner())!;
      harness.host.accounts.set(account, "the app's own");
      harness.clock.advance(8 * DAY);
      await job("invitations");
      await job("invitations");
      expect(await owner()).to.equal(account);
      expect(harness.host.accounts.has(account)).to.equal(true);
    });
  });
});
