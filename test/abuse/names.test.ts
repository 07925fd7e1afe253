import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { checkConfig, parseConfig } from "../../component/config.js";
import { submitElement } from "../../src/data-form.js";
import { StanzaError } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { xml, type Element } from "../../src/xml.js";
import { RawDevice, body } from "../support/raw-device.js";
import { useWorld } from "../support/world.js";
import { NAMES, sharedProperties } from "./names-of-javascript.js";

const NEWCOMER = "+15551230009";
const BASE = `
[host]
domain = "example.org"
[link]
domain = "phone.example.org"
secret = "s"
[store]
path = "t.db"
key = "${randomBytes(32).toString("base64")}"
`;

describe("names of JavaScript's own", () => {
  const log: string[] = [];
  const world = useWorld({
    log: { write: (line) => void log.push(line) },
    config: { signUp: { testNumbers: { [NEWCOMER]: "123456" } } },
  });
  let romeo: RawDevice;
  let juliet: RawDevice;
  let before_: string;
  before(async () => {
    before_ = sharedProperties();
    romeo = await RawDevice.online(await world().person("+15551230001", "constructor"));
    juliet = await RawDevice.online(await world().person("+15551230002", "__proto__"));
  });
  // Whatever was tried: nothing that all objects share has changed, no fault of ours was met, the service stands
  afterEach(async () => {
    expect(sharedProperties()).to.equal(before_);
    expect(({} as Record<string, unknown>)["polluted"]).to.equal(undefined);
    expect(log.filter((line) => line.includes('"level":"error"'))).to.deep.equal([]);
    await romeo.receipt(await romeo.say(juliet.numberJid, "still here"), "delivered");
  });
  after(async () => {
    await Promise.all([romeo?.stop(), juliet?.stop()]);
  });

  const component = (): string => world().prosody.componentDomain;
  /** The condition with which something is refused, or that it is not. */
  const outcome = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "answered",
      (error: unknown) => (error instanceof StanzaError ? error.condition : String(error)),
    );
  const expectNoFault = async (what: string, work: Promise<unknown>): Promise<void> => {
    const got = await outcome(work);
    expect(got, what)
      .to.match(/^[a-z-]+$/)
      .and.to.not.equal("internal-server-error");
  };
  const ask = (type: "get" | "set", payload: Element, to = component()): Promise<Element> =>
    romeo.connection.request(xml("iq", { type, to, id: newId() }, payload), { timeoutMs: 10_000 });

  it("are names like others for accounts, and for resources", async () => {
    for (const resource of NAMES) {
      const device = new RawDevice(romeo.credentials, resource);
      await device.connection.start();
      expect(device.connection.jid?.resource).to.equal(resource);
      expect(await outcome(device.ask("get", xml("challenge", { xmlns: NS.mailbox })))).to.equal("answered");
      await device.stop();
    }
  });

  for (const name of NAMES) {
    it(`are no elements, nodes, ids or fields of any request: ${name}`, async () => {
      const namespaces = [
        NS.mailbox,
        NS.commands,
        NS.discoInfo,
        NS.discoItems,
        NS.ping,
        NS.pubsub,
        NS.dataForms,
        name,
      ];
      const elements = [
        "query",
        "command",
        "attach",
        "submit",
        "status",
        "challenge",
        "pubsub",
        "detach",
        name,
      ];
      for (const xmlns of namespaces)
        for (const element of elements)
          for (const type of ["get", "set"] as const) {
            if (element === "detach" || (element === "attach" && xmlns === NS.mailbox)) continue;
            const inner = xml(name, {}, name);
            const attributes = { xmlns, node: name, id: name, sessionid: name, nonce: name };
            await expectNoFault(`${type} ${element} ${xmlns}`, ask(type, xml(element, attributes, inner)));
          }
      const attach = { xmlns: NS.mailbox, device: name, last: name };
      await expectNoFault("attach", ask("set", xml("attach", attach, xml("token", {}, name))));
      for (const to of [`${name}@${component()}`, `${component()}/${name}`])
        await expectNoFault(to, ask("get", xml("ping", { xmlns: NS.ping }), to));
    });

    it(`are no messages, acknowledgements or presences of any kind: ${name}`, async () => {
      const outcomes = await romeo
        .submit([{ to: `${name}@${component()}`, payload: body(name), id: name as never }])
        .catch((error: unknown) => error);
      expect(outcomes).to.satisfy((got: unknown) => got instanceof StanzaError || Array.isArray(got));
      const payload = `<${name} xmlns='${name}' ${name}='${name}'/>`;
      await romeo.submit([{ to: juliet.numberJid, payload }]).catch(() => undefined);
      await romeo.markRead(juliet.numberJid, name as never);
      // The link refuses such attributes; so once with and once without
      for (const more of ["", ` ${name}='${name}'`])
        for (const element of ["ack", "generation", name]) {
          const child = `<${element} xmlns='${NS.mailbox}' seq='${name}'${more}>${name}</${element}>`;
          await juliet.connection.send(`<message id='${name}' to='${component()}'>${child}</message>`);
        }
      await juliet.connection.send(
        `<presence id='${name}' to='${component()}/${name}'>${payload}</presence>`,
      );
      await juliet.ask("get", xml("ping", { xmlns: NS.ping }));
      // To confirm what is no generation of one's store closes one's own mailbox, nobody else's
      await juliet.attach();
    });

    it(`are no fields, values or sessions of any command: ${name}`, async () => {
      for (const node of ["link", "unlink", "pin", "devices", "delete"].map((one) => `urn:twotick:${one}`)) {
        const form = submitElement(node, Object.fromEntries([[name, name]]));
        await expectNoFault(
          node,
          ask("set", xml("command", { xmlns: NS.commands, node, action: name }, form)),
        );
        await expectNoFault(
          node,
          ask("set", xml("command", { xmlns: NS.commands, node, sessionid: name }, form)),
        );
        await expectNoFault(node, ask("set", xml("command", { xmlns: NS.commands, node }, form)));
      }
      const values = { number: name, channel: name, "device-id": name, "device-key": name };
      const form = submitElement("urn:twotick:link", values);
      const link = xml("command", { xmlns: NS.commands, node: "urn:twotick:link" }, form);
      expect(await outcome(ask("set", link))).to.equal("bad-request");
    });

    it(`are no keys, numbers, sessions or paths of the HTTP API: ${name}`, async () => {
      const base = `http://127.0.0.1:${world().app.httpPort}`;
      const post = async (path: string, text: string): Promise<number> => {
        const headers = { "content-type": "application/json" };
        const response = await fetch(base + path, { method: "POST", headers, body: text });
        expect(await response.text(), path).to.not.include("polluted");
        return response.status;
      };
      const poison = `{"${name}":{"polluted":true}}`;
      const begin = (more: string): string => `{"number":"${NEWCOMER}"${more}}`;
      const device = `"device":{"deviceId":"${name}","publicKey":"${name}","${name}":1}`;
      const bodies = [
        poison,
        begin(`,"${name}":{"polluted":true}`),
        begin(`,"channel":"${name}"`),
        begin(`,"country":"${name}"`),
        `{"number":"${name}"}`,
        `{"code":"${name}","pin":"${name}","localpart":"${name}",${device}}`,
        `{"code":"123456","localpart":"${name}","${name}":{"polluted":true}}`,
        `["${name}"]`,
        `"${name}"`,
      ];
      for (const path of ["", `/${name}/codes`, `/${name}/verification`, `/${name}`, `/${name}/${name}`])
        for (const text of bodies)
          expect(await post(`/v1/sign-ups${path}`, text), `${path} ${text}`).to.be.within(400, 499);
      expect((await fetch(`${base}/${name}`)).status).to.equal(404);
      expect((await fetch(`${base}/readyz?${name}=1&${name}[polluted]=1`)).status).to.equal(200);
    });

    it(`are no options: ${name}`, () => {
      const source = { environment: {}, directory: "." };
      const options = [`${name} = "x"\n${BASE}`, `${BASE}[${name}]\npolluted = true\n`];
      const sections = ["sign_up", "sign_up.limits", "mailbox", "http", "log"];
      options.push(...sections.map((section) => `${BASE}[${section}]\n${name} = { polluted = true }\n`));
      for (const text of options) expect(() => parseConfig(text, source), text).to.throw(/fault/);
      const withNumber = (): object =>
        parseConfig(`${BASE}[sign_up.test_numbers]\n${name} = "123456"\n`, source);
      expect(withNumber).to.throw(/fault/);
    });
  }

  it("can be the names of headers to a provider, and stay that", () => {
    const { host, link, store } = parseConfig(BASE, { environment: {}, directory: "." });
    const headers = Object.fromEntries([["constructor", "x"]]);
    const http = { url: "https://sms.example.net/", headers };
    const { signUp } = checkConfig({
      host,
      link,
      store,
      signUp: { provider: "http", countries: ["*"], http },
    });
    expect(Object.getPrototypeOf(signUp.http?.headers)).to.equal(Object.prototype);
    expect(signUp.http?.headers["constructor"]).to.equal("x");
  });
});
