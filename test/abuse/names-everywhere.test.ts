import { expect } from "chai";
import Fastify from "fastify";
import type { Capability } from "../../component/capability.js";
import { adminToken } from "../../component/http/admin-token.js";
import { Vault } from "../../component/store/vault.js";
import { submitElement } from "../../src/data-form.js";
import { StanzaError } from "../../src/errors.js";
import { newId, type MessageId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import { RawApp } from "../support/raw-app.js";
import { RawDevice, body } from "../support/raw-device.js";
import { useWorld } from "../support/world.js";
import { NAMES, sharedProperties } from "./names-of-javascript.js";

/** What a path or a body may ask for; each of them is given a name of JavaScript's own. */
const FIELDS = ["number", "code", "pin", "channel", "localpart", "account", "device", "text", "id", "jid"];

/** A route of the HTTP API. */
interface HttpRoute {
  readonly method: string;
  readonly path: string;
}

/** The routes that these capabilities add to the HTTP API, as they register them. */
async function httpRoutes(capabilities: readonly Capability[]): Promise<HttpRoute[]> {
  const server = Fastify();
  const routes: HttpRoute[] = [];
  server.addHook("onRoute", ({ method, url }) => {
    for (const one of [method].flat()) routes.push({ method: one, path: url });
  });
  for (const capability of capabilities) capability.http?.(server);
  await server.ready();
  await server.close();
  return routes.filter(({ method }) => ["GET", "POST", "PUT", "DELETE"].includes(method));
}

describe("names of JavaScript's own, wherever a capability takes something", function () {
  this.timeout(240_000);
  const log: string[] = [];
  const world = useWorld({
    log: { write: (line) => void log.push(line) },
    config: {
      federation: { allowed: true },
      welcome: { enabled: true },
      signUp: { provider: "command", countries: ["*"], command: { run: ["true"] } },
    },
  });
  let romeo: RawDevice;
  let juliet: RawDevice;
  let nurse: RawDevice;
  let app: RawApp;
  let unharmed: string;
  before(async () => {
    unharmed = sharedProperties();
    romeo = await RawDevice.online(await world().person("+15551230001", "constructor"));
    juliet = await RawDevice.online(await world().person("+15551230002"), "frame");
    nurse = await RawDevice.online(await world().person("+15551230003"));
    app = await RawApp.online(romeo.credentials, "toString");
  });
  // Whatever was tried: what all objects share is as it was, no fault of ours was met, the service stands
  afterEach(async () => {
    expect(sharedProperties()).to.equal(unharmed);
    expect(({} as Record<string, unknown>)["polluted"]).to.equal(undefined);
    expect(log.filter((line) => line.includes('"level":"error"'))).to.deep.equal([]);
    await nurse.receipt(await nurse.say(juliet.numberJid, "still here"), "delivered");
  });
  after(async () => {
    await Promise.all([romeo?.stop(), juliet?.stop(), nurse?.stop(), app?.stop()]);
  });

  const component = (): string => world().prosody.componentDomain;
  const registered = <Kind>(of: (capability: Capability) => readonly Kind[] | undefined): Kind[] =>
    world().app.capabilities.flatMap((capability) => of(capability) ?? []);
  /** Asks, and answers the result, or nothing when it was refused in words of ours. @throws on a fault or a time-out */
  const ask = async (
    type: "get" | "set",
    payload: Element,
    to = component(),
  ): Promise<Element | undefined> => {
    try {
      return await romeo.connection.request(xml("iq", { type, to, id: newId() }, payload), {
        timeoutMs: 30_000,
      });
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      expect(error.condition, `${type} ${payload.toString()}`).to.not.equal("internal-server-error");
      return undefined;
    }
  };
  const poisonOf = (name: string) => ({ node: name, id: name, sessionid: name, action: name, number: name });

  it("are no attributes, children or texts of any request that is routed", async () => {
    const routes = registered(({ iqs }) => iqs);
    expect(routes.length).to.be.above(20);
    for (const { type, element, namespace, addressee } of routes)
      for (const name of NAMES) {
        const to = addressee === "number" ? juliet.numberJid : component();
        const inner = xml(name, { [`a${name}`]: name }, name);
        await ask(type, xml(element, { xmlns: namespace, ...poisonOf(name) }, inner), to);
        await ask(type, xml(element, { xmlns: namespace }, name), to);
      }
    await romeo.attach();
  });

  it("are no attributes, children or texts of any message that is routed, nor of one to a number", async () => {
    const routes = registered(({ messages }) => messages);
    expect(routes.length).to.be.above(3);
    for (const { element, namespace, addressee } of routes)
      for (const name of NAMES) {
        const to = addressee === "number" ? juliet.numberJid : component();
        const content = xml(element, { xmlns: namespace, ...poisonOf(name) }, xml(name, {}, name));
        await romeo.connection.send(`<message id='${name}' to='${to}'>${content.toString()}</message>`);
      }
    await ask("get", xml("ping", { xmlns: NS.ping }));
    // What is acknowledged by mistake closes one's own mailbox at most
    await romeo.attach();
  });

  it("are no sessions, actions, fields or values of any command", async () => {
    const commands = registered((one) => one.commands);
    const nodes = commands.map(({ node }) => node.replace("urn:twotick:", ""));
    expect(nodes).to.include.members(["link", "block", "unblock", "privacy", "strangers", "find"]);
    for (const { node } of commands)
      for (const name of NAMES) {
        const command = (attributes: object, ...children: Element[]) =>
          ask("set", xml("command", { xmlns: NS.commands, node, ...attributes }, ...children));
        const form = submitElement(node, Object.fromEntries([[name, name]]));
        await command({ action: name }, form);
        await command({ sessionid: name }, form);
        const first = (await command({}))?.getChild("command", NS.commands);
        const fields = first?.getChild("x", NS.dataForms)?.getChildren("field") ?? [];
        const values = fields.map((field) => [attribute(field, "var") ?? name, name]);
        const filled = submitElement(node, Object.fromEntries([...values, [name, name]]));
        await command({ sessionid: attribute(first ?? xml("none"), "sessionid") ?? name }, filled);
      }
  });

  it("are no ids, bodies or elements of what an ordinary app writes", async () => {
    for (const name of NAMES)
      for (const content of [
        `<body>${name}</body><${name} xmlns='${name}' a${name}='${name}'/>`,
        `<body xml:lang='${name}'>${name}</body><request xmlns='${NS.receipts}'/><origin-id xmlns='${NS.stanzaIds}' id='${name}'/>`,
        `<received xmlns='${NS.receipts}' id='${name}'/>`,
        `<displayed xmlns='${NS.chatMarkers}' id='${name}'/>`,
      ])
        for (const to of [juliet.numberJid, `${name}@${component()}`, component()])
          await app.send(`<message type='chat' id='${name}' to='${to}'>${content}</message>`);
    await app.ask("get", component(), xml("ping", { xmlns: NS.ping }));
  });

  it("are no ids, addresses or payloads of a frame", async () => {
    expect(juliet.isFramed).to.equal(true);
    for (const name of NAMES)
      for (const to of [`${name}@${component()}`, nurse.numberJid])
        for (const payload of [body(name), `<${name} xmlns='${name}' a${name}='${name}'/>`]) {
          const outcomes = await juliet
            .submit([{ to, payload, id: name as MessageId }])
            .catch((error: unknown) => error);
          expect(outcomes).to.satisfy((got: unknown) => got instanceof StanzaError || Array.isArray(got));
        }
  });

  it("are no parameters, queries, fields or values of any path of the HTTP API", async () => {
    const routes = await httpRoutes(world().app.capabilities);
    const paths = routes.map(({ path }) => path).join(" ");
    for (const one of ["/v1/sign-ups", "/admin/v1/", "/welcome/", "/dashboard/"])
      expect(paths).to.include(one);
    const base = `http://127.0.0.1:${world().app.httpPort}`;
    const token = adminToken(new Vault(Buffer.from(world().config.store.key, "base64")));
    const request = async (path: string, options: RequestInit): Promise<void> => {
      const response = await fetch(base + path, { redirect: "manual", ...options });
      // What goes on for ever is not waited for
      await response.body?.cancel();
      expect(response.status, `${options.method} ${path} ${JSON.stringify(options.body)}`).to.be.below(500);
    };
    const everyWay = async ({ method, path }: HttpRoute, name: string): Promise<void> => {
      const filled = path.replaceAll(/:\w+|\*/g, name);
      const headers = { authorization: `Bearer ${token}`, cookie: `${name}=${name}` };
      if (method === "GET")
        return request(`${filled}?${name}=${name}&${name}[polluted]=1&after=${name}`, { method, headers });
      const send = (type: string, content: string): Promise<void> =>
        request(filled, {
          method,
          headers: { ...headers, "content-type": `application/${type}` },
          body: content,
        });
      const values = FIELDS.map((field) => `"${field}":"${name}"`).join();
      for (const text of [`{"${name}":{"polluted":true}}`, `{${values}}`, `{${values},"${name}":1}`])
        await send("json", text);
      const form = FIELDS.map((field) => `${field}=${name}`).join("&");
      return send("x-www-form-urlencoded", `${form}&${name}=${name}&${name}[polluted]=1`);
    };
    for (const route of routes) await Promise.all(NAMES.map((name) => everyWay(route, name)));
  });
});
