import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { checkConfig, type Config } from "../../../component/config.js";
import { checkProsody } from "../../../component/doctor/prosody-checks.js";
import { ProsodyUnreadable, readProsody } from "../../../component/doctor/prosody-facts.js";
import { temporaryFolder } from "../../support/prosody.js";

const PROSODYCTL = "/usr/bin/prosodyctl";
const ADMIN = readFileSync(new URL("../../../docs/admin.md", import.meta.url), "utf8");
/** What an admin is told to write, beside what Debian's configuration has. */
const EXAMPLE = /```lua\n([\s\S]*?)```/.exec(ADMIN)?.[1] ?? "";
const DEBIAN = `modules_enabled = { "disco"; "roster"; "saslauth"; "tls"; "pep"; "ping"; "smacks"; "mam" }\n`;
const GROUPS = /```text\n(\[\+[\s\S]*?)```/.exec(ADMIN)?.[1] ?? "";
const SECRET = /component_secret = "(.*)"/.exec(EXAMPLE)?.[1] ?? "";

describe("checkProsody, over what Prosody's own reader reads", () => {
  const folder = temporaryFolder();
  after(() => rmSync(folder, { recursive: true }));
  const config: Config = checkConfig({
    host: { domain: "example.org" },
    link: { domain: "phone.example.org", secret: SECRET },
    store: { path: "twotick.db", key: Buffer.alloc(32).toString("base64") },
  });

  function examine(text: string, groups = GROUPS, examined = config) {
    writeFileSync(join(folder, "twotick-groups.txt"), groups);
    const configPath = join(folder, "prosody.cfg.lua");
    writeFileSync(configPath, text);
    const places = { configPath, prosodyctlPath: PROSODYCTL };
    return checkProsody(readProsody(places, config.host.domain, config.link.domain), examined);
  }

  /** The example with one thing changed that has to be in it. */
  function changed(before: string, after: string): string {
    expect(EXAMPLE).to.contain(before);
    return DEBIAN + EXAMPLE.replace(before, after);
  }

  it("finds nothing wrong with the configuration of docs/admin.md", () => {
    expect(examine(DEBIAN + EXAMPLE)).to.deep.equal([]);
  });

  it("leaves a generational collector to the admin, and takes one that is a little less busy for busy", () => {
    const withCollector = (gc: string): unknown[] =>
      examine(DEBIAN + EXAMPLE.replace("gc = { threshold = 200 }", gc));
    expect(withCollector('gc = { mode = "generational" }')).to.deep.equal([]);
    expect(withCollector("gc = { threshold = 110 }")).to.have.lengthOf(1);
  });

  it("finds nothing wrong with the configuration for development", () => {
    const text = readFileSync(new URL("../../../prosody/development.cfg.lua", import.meta.url), "utf8")
      .replaceAll("{{host}}", '"example.org"')
      .replaceAll("{{component_domain}}", '"phone.example.org"')
      .replaceAll("{{component_secret}}", JSON.stringify(SECRET))
      .replaceAll("{{registrar}}", '"registrar@phone.example.org"')
      .replaceAll("{{groups_file}}", '"twotick-groups.txt"')
      .replaceAll("{{interface}}", '"127.0.0.1"')
      .replaceAll(/\{\{(tls|also_disabled)\}\}/g, "")
      .replaceAll(/\{\{\w+\}\}/g, "1");
    expect(examine(text)).to.deep.equal([]);
  });

  const ADMINS = 'admins = { "registrar@phone.example.org" }';
  const FAULTS: readonly (readonly [what: string, before: string, after: string, mend: string])[] = [
    ["Nagle's algorithm", "nagle = false, ", "", "nagle = false"],
    ["silence that lasts", "read_timeout = 60, ", "", "read_timeout = 60"],
    ["a short backlog", "tcp_backlog = 1024", "tcp_backlog = 32", "tcp_backlog = 1024"],
    ["a collector that runs always", "gc = { threshold = 200 }", "", "gc = { threshold = 200 }"],
    ["a registrar that is no admin", ADMINS, "", ADMINS],
    [
      "an admin as wide as the domain",
      ADMINS,
      'admins = { "registrar@phone.example.org", "phone.example.org" }',
      "exactly",
    ],
    [
      "an admin that a person can be",
      ADMINS,
      'admins = { "registrar@phone.example.org", "+1555@phone.example.org" }',
      "exactly",
    ],
    ["no admin_adhoc", '"admin_adhoc";', "", '"admin_adhoc" to modules_enabled'],
    ["no groups", '"groups";', "", '"groups" to modules_enabled'],
    ["no blocking in apps", '"blocklist";', "", '"blocklist" to modules_enabled'],
    ["no copies of what other apps send", '"carbons";', "", '"carbons" to modules_enabled'],
    ["no file of groups", 'groups_file = "twotick-groups.txt"', "", "groups_file"],
    ["a file of groups that is not there", "twotick-groups.txt", "elsewhere.txt", "groups_file"],
    ["a spool", '"offline", ', "", '"offline" to modules_disabled'],
    ["an archive", ', "mam"', "", '"mam" to modules_disabled'],
    [
      "the default in a conflict",
      'component_conflict_resolve = "kick_old"',
      "",
      'component_conflict_resolve = "kick_old"',
    ],
    ["another secret", SECRET, "another", "same secret"],
    ["small stanzas", "component_stanza_size_limit = 1024 * 1024", "", "component_stanza_size_limit"],
    ["no such host", 'VirtualHost "example.org"', 'VirtualHost "example.net"', "Add it"],
    ["no such component", 'Component "phone.example.org"', 'Component "sms.example.org"', "Add it"],
    [
      "another kind of component",
      'Component "phone.example.org"',
      'Component "phone.example.org" "muc"',
      "second name",
    ],
  ];
  for (const [what, before, after, mend] of FAULTS)
    it(`finds ${what}, and says how to mend it`, () => {
      const findings = examine(changed(before, after));
      expect(findings.map((finding) => finding.mend).join("\n")).to.contain(mend);
      expect(findings).to.have.lengthOf(1);
    });

  it("warns of an archive, by which nothing is lost, and calls a spool an error", () => {
    const severity = (before: string) => examine(changed(before, ""))[0]?.severity;
    expect([severity(', "mam"'), severity('"offline", ')]).to.deep.equal(["warning", "error"]);
  });

  const AROUND: readonly (readonly [what: string, text: string, mend: string])[] = [
    ["the registrar among the global admins", 'admins = { "registrar@phone.example.org" }', "virtual host"],
    [
      "clients that are held back",
      'limits = { c2s = { rate = "10kb/s" } }\nmodules_enabled = { "disco"; "roster"; "saslauth"; "pep"; "ping"; "smacks"; "limits" }',
      "1mb/s",
    ],
    ["components from anywhere", 'component_interfaces = { "0.0.0.0" }', "127.0.0.1"],
  ];
  for (const [what, text, mend] of AROUND)
    it(`finds ${what}, and says how to mend it`, () => {
      const findings = examine(`${DEBIAN}${text}\n${EXAMPLE}`);
      expect(findings.map((finding) => finding.mend).join("\n")).to.contain(mend);
      expect(findings).to.have.lengthOf(1);
    });

  const welcoming: Config = { ...config, welcome: { ...config.welcome, enabled: true } };
  /** What docs/admin.md adds for the web page, as a host of its own would have it. */
  const INVITING = /```lua\n(modules_enabled = \{[^`]*invites_adhoc[\s\S]*?)```/.exec(ADMIN)?.[1] ?? "";
  const inviting = (text: string): string =>
    DEBIAN.replace(" }", `; ${/\{([\s\S]*?)\}/.exec(text)?.[1]?.replaceAll(/ --.*$/gm, "") ?? ""} }`) +
    text.replace(/^modules_enabled = \{[\s\S]*?\}$/m, "") +
    EXAMPLE;

  it("finds nothing wrong with what docs/admin.md adds for the web page", () => {
    expect(INVITING).to.include("registration_invite_only");
    expect(examine(inviting(INVITING), GROUPS, welcoming)).to.deep.equal([]);
  });

  for (const name of ["invites_adhoc", "invites_register"])
    it(`finds that ${name} is missing for the web page, and says how to mend it`, () => {
      const text = inviting(INVITING.replace(`"${name}";`, ""));
      const findings = examine(text, GROUPS, welcoming);
      expect(findings.map(({ mend }) => mend)).to.have.lengthOf(1);
      expect(findings[0]?.mend).to.contain(`"${name}"`);
      expect(examine(text), "without the page nobody needs it").to.deep.equal([]);
    });

  const OPENED: Readonly<Record<string, string>> = {
    "without an invitation": 'modules_enabled = { "register_ibr" }',
    "by the old module": 'modules_enabled = { "register" }\nallow_registration = true',
    "as a wish of the admin's":
      'modules_enabled = { "register_ibr"; "invites_register" }\nregistration_invite_only = false',
  };
  for (const [what, text] of Object.entries(OPENED))
    it(`finds that anybody can register ${what}, and says how to mend it`, () => {
      const [, mine = ""] = /\{ (.*) \}/.exec(text) ?? [];
      const open = DEBIAN.replace(" }", `; ${mine} }`) + text.split("\n").slice(1).join("\n");
      const findings = examine(`${open}\n${EXAMPLE}`);
      expect(findings.map(({ mend }) => mend)).to.have.lengthOf(1);
      expect(findings[0]?.mend).to.contain("registration_invite_only = true");
    });

  const GROUP_FAULTS: Readonly<Record<string, string>> = {
    "a group that is not public": "[Phone]\nphone.example.org=Phone\n",
    "a public group without the number domain":
      "[+Phone]\nsms.example.org=phone.example.org\n[Other]\nphone.example.org\n",
    "no group": "",
  };
  for (const [what, groups] of Object.entries(GROUP_FAULTS))
    it(`finds ${what}, and says how to mend it`, () => {
      const findings = examine(DEBIAN + EXAMPLE, groups);
      expect(findings.map(({ mend }) => mend)).to.have.lengthOf(1);
      expect(findings[0]?.mend).to.contain("[+Phone]");
    });

  it("finds each module that is missing", () => {
    const mends = examine(EXAMPLE).map(({ mend }) => mend);
    for (const name of ["disco", "pep", "roster", "saslauth", "smacks"])
      expect(
        mends.some((mend) => mend.includes(`"${name}"`)),
        name,
      ).to.equal(true);
  });

  it("knows an old Prosody", () => {
    const config12 = { version: "0.11.9", global: {} };
    expect(checkProsody(config12, config)[0]).to.include({ severity: "error", what: "Prosody is 0.11.9." });
    expect(checkProsody({ ...config12, version: "13.0.1" }, config)[0]?.what).not.to.contain("13.0.1");
  });

  it("says what it cannot read", () => {
    const read = (configPath: string, prosodyctlPath: string) => () =>
      readProsody({ configPath, prosodyctlPath }, "example.org", "phone.example.org");
    expect(read("/nowhere/prosody.cfg.lua", PROSODYCTL)).to.throw(ProsodyUnreadable);
    expect(read("/nowhere/prosody.cfg.lua", "/nowhere/prosodyctl")).to.throw(
      ProsodyUnreadable,
      /cannot be read/,
    );
    expect(() => examine("VirtualHost = = 1")).to.throw(ProsodyUnreadable);
  });
});
