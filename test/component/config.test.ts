import { expect } from "chai";
import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify as toToml } from "smol-toml";
import { checkConfig, loadConfig, parseConfig } from "../../component/config.js";
import { InvalidInput } from "../../src/errors.js";
import { configOptions } from "../support/config-options.js";
import { temporaryFolder } from "../support/prosody.js";

const KEY = randomBytes(32).toString("base64");
const WEB = { url: "http://127.0.0.1:1/sms" };

/** The least that a configuration says, as it stands in the file. */
function least(): Record<string, Record<string, unknown>> {
  return {
    host: { domain: "example.org" },
    link: { domain: "phone.example.org", secret: "a secret" },
    store: { path: "twotick.db", key: KEY },
  };
}

/** Sets an option by its name, making the tables on the way. */
function put(options: Record<string, unknown>, name: string, value: unknown): Record<string, unknown> {
  const keys = name.split(".");
  const last = keys.pop() ?? "";
  let table = options;
  for (const key of keys) table = (table[key] ??= {}) as Record<string, unknown>;
  if (value === undefined) delete table[last];
  else table[last] = value;
  return options;
}

function parse(options: object, environment: NodeJS.ProcessEnv = {}, directory = "/etc/twotick") {
  return parseConfig(toToml(options), { environment, directory });
}

/** The faults that a configuration is refused for, one a line. */
function faultsOf(options: object | string, environment: NodeJS.ProcessEnv = {}): string[] {
  const text = typeof options === "string" ? options : toToml(options);
  try {
    parseConfig(text, { environment, directory: "/etc/twotick" });
  } catch (error) {
    expect(error).instanceOf(InvalidInput);
    return (error as Error).message
      .split("\n")
      .slice(1)
      .map((line) => line.replace("  - ", ""));
  }
  throw new Error("nothing was refused");
}

/** Options with everything that can be there, so that each can be spoilt alone. */
function full(): Record<string, unknown> {
  const options = least();
  put(options, "sign_up.http", { ...WEB, voice: { ...WEB } });
  put(options, "sign_up.command", { run: ["true"] });
  return options;
}

/** A value that is refused for every option that is not a number with a range or a choice. */
const WRONG: Readonly<Record<string, unknown>> = {
  "host.domain": "somebody@example.org",
  "link.host": "",
  "link.domain": "",
  "link.secret": "",
  "store.path": "",
  "store.key": "dG9vIHNob3J0",
  "http.interface": "",
  "http.trusted_proxies": ["proxy.example.org"],
  "sign_up.development": "yes",
  "sign_up.http.url": "ftp://example.org/",
  "sign_up.http.headers": { "x y": "z" },
  "sign_up.http.body": 5,
  "sign_up.http.content_type": "",
  "sign_up.http.expect_body": "",
  "sign_up.http.secret": "",
  "sign_up.http.secret_file": "",
  "sign_up.http.voice.url": "not a URL",
  "sign_up.http.voice.headers": 5,
  "sign_up.http.voice.body": 5,
  "sign_up.http.voice.content_type": "",
  "sign_up.http.voice.expect_body": "",
  "sign_up.command.run": [],
  "sign_up.command.stdin": 5,
  "sign_up.command.channels": ["pigeon"],
  "sign_up.text": "a text without its place for the code",
  "sign_up.countries": ["Atlantis"],
  "sign_up.default_country": "us",
  "sign_up.test_numbers": { "5551230001": "000000" },
  "sign_up.chosen_localparts": 1,
  "sign_up.invitations": "yes",
  "welcome.enabled": "yes",
  "welcome.service_name": " ",
  "welcome.apps": "Conversations",
  "lookups.suggestions": 1,
  "dashboard.enabled": "yes",
  "dashboard.prices": { Germany: 0.07 },
  "dashboard.currency": "Euro",
  "federation.allowed": "yes",
  "federation.domains": ["tybalt@example.net"],
};

describe("loadConfig", () => {
  it("fills in the defaults of a configuration that says the least", () => {
    const config = parse(least());
    expect(config.link).include({ host: "127.0.0.1", port: 5347 });
    expect(config.http).deep.equal({ interface: "127.0.0.1", port: 5380, trustedProxies: [] });
    expect(config.mailbox).include({
      windowEntries: 1024,
      maxEntries: 10_000,
      maxBytes: 64 * 1024 * 1024,
      keepDays: 30,
    });
    expect(config.signUp.provider).equal("none");
  });

  it("takes paths from the folder of the file", () => {
    const options = put(full(), "sign_up.http.secret_file", "sms-secret");
    const { store, signUp } = parse(options);
    expect(store.path).equal("/etc/twotick/twotick.db");
    expect(signUp.http?.secretFile).equal("/etc/twotick/sms-secret");
  });

  for (const { name, minimum, maximum, choices } of configOptions()) {
    const range = [minimum === undefined ? [] : minimum - 1, maximum === undefined ? [] : maximum + 1].flat();
    const wrong: unknown[] = choices ? ["nonsense"] : minimum === undefined ? [WRONG[name]] : range;
    for (const value of wrong) {
      it(`refuses ${name} = ${JSON.stringify(value)} and names it`, () => {
        expect(value, `a wrong value for ${name} in this test`).not.equal(undefined);
        const faults = faultsOf(put(full(), name, value));
        expect(faults.filter((fault) => fault.startsWith(name))).not.empty;
        expect(faults.filter((fault) => !fault.startsWith(name))).empty;
      });
    }
  }

  for (const { name, isRequired } of configOptions()) {
    if (!isRequired) continue;
    it(`says that ${name} is missing`, () => {
      const faults = faultsOf(put(full(), name, undefined));
      expect(faults).length(1);
      expect(faults[0]).match(new RegExp(String.raw`^${name.replaceAll(".", String.raw`\.`)}: `));
    });
  }

  for (const name of ["speed", "link.sekret", "mailbox.windowEntries", "sign_up.limits.number.burts"]) {
    it(`refuses ${name}, which is not an option`, () => {
      const faults = faultsOf(put(full(), name, 1));
      expect(faults).deep.equal([`${name}: is not an option`]);
    });
  }

  it("reports all faults at once", () => {
    const options = put(put(put(full(), "link.port", 0), "log.level", "loud"), "spede", 1);
    const faults = faultsOf(put(options, "store.key", undefined));
    expect(faults.map((fault) => fault.split(":")[0])).members([
      "link.port",
      "log.level",
      "spede",
      "store.key",
    ]);
  });

  it("refuses __proto__ among numbers and headers, which would else be passed over without a word", () => {
    const withTable = (table: string) => `${toToml(least())}\n[${table}]\n__proto__ = "123456"\n`;
    expect(faultsOf(withTable("sign_up.test_numbers"))).deep.equal([
      "sign_up.test_numbers.__proto__: is not possible here",
    ]);
    expect(faultsOf(withTable("sign_up.http.headers"))).include(
      "sign_up.http.headers.__proto__: is not possible here",
    );
  });

  it("refuses a section that is no table, also when its secret is in the environment", () => {
    const { host, store } = least();
    const faults = faultsOf({ link: 5, host, store }, { TWOTICK_LINK_SECRET: "s" });
    expect(faults).length(1);
    expect(faults[0]).match(/^link: /);
  });

  it("says that the file is no TOML, or not there", () => {
    expect(() => parseConfig("[link", { environment: {}, directory: "." })).throw(
      InvalidInput,
      "is not TOML",
    );
    expect(() => loadConfig("/nowhere/twotick.toml", {})).throw(InvalidInput, "cannot be read");
  });

  it("sends the codes of a provider only where the countries are named", () => {
    const faults = faultsOf(put(full(), "sign_up.provider", "command"));
    expect(faults).deep.equal([
      'sign_up.countries: is missing: name the countries to which codes are sent, or ["*"]',
    ]);
  });

  it("refuses a provider without its section", () => {
    const options = put(put(least(), "sign_up.provider", "http"), "sign_up.countries", ["*"]);
    expect(faultsOf(options)).deep.equal(['sign_up.http: is missing: provider is "http"']);
  });

  it("refuses one domain for accounts and numbers", () => {
    const faults = faultsOf(put(least(), "host.domain", "phone.example.org"));
    expect(faults).deep.equal(["link.domain: is host.domain; numbers need a domain of their own"]);
  });

  it("tells of a provider's secret that cannot be had together with all other faults", () => {
    const provider = { provider: "http", countries: ["*"] };
    const named = { ...provider, http: { url: "https://sms.example.org/{secret}" } };
    const missing = faultsOf(put(put(least(), "sign_up", named), "link.port", 0));
    expect(missing.map((fault) => fault.split(":")[0])).members(["link.port", "sign_up.http.secret"]);
    const inFile = { ...provider, http: { url: "https://sms.example.org/", secret_file: "nowhere" } };
    const [unreadable] = faultsOf(put(least(), "sign_up", inFile));
    expect(unreadable).match(/^sign_up\.http\.secret_file: cannot be read: .*\/nowhere/);
  });

  it("shows codes on the terminal only where development is said", () => {
    expect(faultsOf(put(least(), "sign_up.provider", "console"))[0]).contain("development = true");
    const options = put(put(least(), "sign_up.provider", "console"), "sign_up.development", true);
    expect(parse(options).signUp.provider).equal("console");
  });

  describe("secrets", () => {
    const without = (): object => {
      const { host } = least();
      return { host, link: { domain: "phone.example.org" }, store: { path: "twotick.db" } };
    };

    it("has no default for a secret", () => {
      expect(faultsOf(without()).map((fault) => fault.split(":")[0])).deep.equal([
        "link.secret",
        "store.key",
      ]);
      expect(() => checkConfig({ ...least(), link: { domain: "phone.example.org" } })).throw(InvalidInput);
    });

    it("takes them from the environment, before the file", () => {
      const environment = { TWOTICK_LINK_SECRET: "from the environment", TWOTICK_STORE_KEY: KEY };
      expect(parse(without(), environment).link.secret).equal("from the environment");
      expect(parse(least(), environment).link.secret).equal("from the environment");
    });

    it("takes them from files of their own", () => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, "secret"), "from a file\n");
      writeFileSync(join(folder, "key"), `${KEY}\n`);
      const options = put(
        put(without() as Record<string, unknown>, "link.secret_file", "secret"),
        "store.key_file",
        "key",
      );
      const path = join(folder, "twotick.toml");
      writeFileSync(path, toToml(options));
      const config = loadConfig(path, {});
      rmSync(folder, { recursive: true });
      expect([config.link.secret, config.store.key]).deep.equal(["from a file", KEY]);
    });

    it("says that such a file is not there", () => {
      const options = put(least(), "link.secret", undefined);
      const faults = faultsOf(put(options, "link.secret_file", "/nowhere/secret"));
      expect(faults[0]).match(/^link\.secret_file: cannot be read/);
    });

    it("refuses the path of such a file when it is none", () => {
      expect(faultsOf(put(least(), "store.key_file", 5))).deep.equal([
        "store.key_file: is not the path of a file",
      ]);
    });

    it("puts no secret into what it reports", () => {
      const faults = faultsOf(put(least(), "store.key", "canary-canary-canary"));
      expect(faults.join("\n")).not.contain("canary");
    });
  });
});
