import { expect } from "chai";
import { checkConfig, parseConfig, type Config } from "../../../component/config.js";
import { createProvider } from "../../../component/sign-up/providers/mod.js";
import { InvalidInput } from "../../../src/errors.js";
import { ManualClock } from "../../support/manual-clock.js";

const KEY = Buffer.alloc(32).toString("base64");
const base = {
  host: { domain: "example.org" },
  link: { domain: "phone.example.org", secret: "s" },
  store: { path: "x.db", key: KEY },
};
const read = (signUp: unknown): Config["signUp"] => checkConfig({ ...base, signUp }).signUp;
const fault = (signUp: unknown): string => {
  try {
    read(signUp);
  } catch (error) {
    expect(error).to.be.instanceOf(InvalidInput);
    return (error as Error).message;
  }
  throw new Error("no fault was found");
};

describe("signUpSchema", () => {
  it("has defaults: the limits of Signal, and no provider", () => {
    const config = checkConfig(base).signUp;
    expect(config).to.include({
      provider: "none",
      development: false,
      dailyBudget: 1000,
      chosenLocalparts: true,
    });
    expect(config.limits.number).to.deep.equal({ burst: 5, everySeconds: 17_280 });
  });

  it("is read from a file with names in snake case", () => {
    const toml = `
      [host]
      domain = "example.org"
      [link]
      domain = "phone.example.org"
      secret = "s"
      [store]
      path = "x.db"
      key = "${KEY}"
      [sign_up]
      provider = "http"
      countries = ["US", "DE"]
      default_country = "DE"
      daily_budget = 50
      [sign_up.http]
      url = "https://sms.example.org/send?to={number}"
      body = '{"text": "{text}"}'
      timeout_ms = 2000
      [sign_up.limits.number]
      burst = 2
      [sign_up.test_numbers]
      "+15551230001" = "000000"`;
    const { signUp } = parseConfig(toml, { environment: {}, directory: "." });
    expect(signUp).to.deep.include({ countries: ["US", "DE"], defaultCountry: "DE", dailyBudget: 50 });
    expect(signUp.http).to.include({ timeoutMs: 2000, method: "POST", attempts: 3 });
    expect(signUp.limits.number).to.deep.equal({ burst: 2, everySeconds: 17_280 });
    expect(signUp.testNumbers).to.deep.equal({ "+15551230001": "000000" });
  });

  const faults: readonly (readonly [string, unknown, string])[] = [
    ["codes on a terminal outside development", { provider: "console" }, "sign_up.provider"],
    ["http without its section", { provider: "http", countries: ["US"] }, "sign_up.http"],
    ["command without its section", { provider: "command", countries: ["US"] }, "sign_up.command"],
    [
      "a real provider without countries",
      { provider: "command", command: { run: ["x"] } },
      "sign_up.countries",
    ],
    ["a country that is none", { countries: ["XX"] }, "sign_up.countries.0"],
    ["a default country that is none", { defaultCountry: "us" }, "sign_up.default_country"],
    ["a URL that is none", { http: { url: "sms.example.org" } }, "sign_up.http.url"],
    ["a text without the code", { text: "hello" }, "sign_up.text"],
    ["a budget of nothing", { dailyBudget: 0 }, "sign_up.daily_budget"],
    ["a test number that is none", { testNumbers: { "5551230001": "000000" } }, "sign_up.test_numbers"],
    ["a test code of another length", { testNumbers: { "+15551230001": "1234" } }, "sign_up.test_numbers"],
    ["a limit of nothing", { limits: { number: { burst: 0 } } }, "sign_up.limits.number.burst"],
    ["a share above one", { breaker: { minShare: 2 } }, "sign_up.breaker.min_share"],
    ["no program", { command: { run: [] } }, "sign_up.command.run"],
    ["an unknown option", { telephone: 1 }, "sign_up.telephone: is not an option"],
    ["an unknown limit", { limits: { pigeon: {} } }, "sign_up.limits.pigeon: is not an option"],
  ];
  for (const [what, options, name] of faults)
    it(`names ${what}`, () => expect(fault(options)).to.include(name));

  it("allows the console in development", () =>
    expect(read({ provider: "console", development: true }).provider).to.equal("console"));
});

describe("createProvider", () => {
  const http = { url: "https://sms.example.org/", headers: { Authorization: "Bearer {secret}" } };
  const make = (more: object, environment: NodeJS.ProcessEnv) =>
    createProvider(
      read({ provider: "http", countries: ["*"], http: { ...http, ...more } }),
      new ManualClock(),
      environment,
    );

  it("wants the secret that a template names, from file, environment or option", () => {
    expect(() => make({}, {})).to.throw(InvalidInput, "sign_up.http.secret");
    expect(() => make({ secretFile: "/does/not/exist" }, {})).to.throw(InvalidInput, "secret_file");
    make({}, { TWOTICK_SIGN_UP_SECRET: "x" });
    make({ secret: "x" }, {});
  });

  it("offers voice only where it is set up", () => {
    expect(make({ secret: "x" }, {}).channels).to.deep.equal(["sms"]);
    expect(make({ secret: "x", voice: http }, {}).channels).to.deep.equal(["sms", "voice"]);
  });
});
