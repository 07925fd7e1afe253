import { expect } from "chai";
import type { Capability, IqRequest, Sender, Stanza } from "../../component/capability.js";
import { Description } from "../../component/disco/description.js";
import { createDisco } from "../../component/disco/mod.js";
import { createLog } from "../../component/log.js";
import { createMetrics } from "../../component/metrics.js";
import { ping } from "../../component/ping/mod.js";
import { Router } from "../../component/router.js";
import { LinkError, StanzaError, StorageError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { attribute, childElements, parseStanzaError, parseXml, xml, type Element } from "../../src/xml.js";

const DOMAIN = "phone.example.org";
const NUMBER = `+15551230001@${DOMAIN}`;
const ROMEO = "romeo@example.org/orchard";

/** A router with everything around it made up. */
class Stage {
  readonly sent: Element[] = [];
  readonly lines: string[] = [];
  readonly router: Router;
  isOnline = true;
  thrown: unknown = new StanzaError("conflict", "told to the peer");
  readonly presences: Stanza[] = [];
  readonly requests: IqRequest[] = [];

  constructor() {
    const link: Sender = {
      isOnline: true,
      send: (stanza) => void this.sent.push(parseXml(stanza.toString())),
      request: () => Promise.reject(new Error("nothing is asked here")),
    };
    Object.defineProperty(link, "isOnline", { get: () => this.isOnline });
    const log = createLog("debug", { write: (line: string) => void this.lines.push(line) });
    const capabilities: Capability[] = [this.#capability(), ping.create({} as never)];
    const responder = { info: () => undefined, items: () => [] } as never;
    capabilities.push(createDisco(DOMAIN, new Description(capabilities), responder));
    this.router = new Router({ domain: DOMAIN, link, log, metrics: createMetrics() }, capabilities);
  }

  /** Receives a stanza and answers what was sent for it. */
  async receive(stanza: string): Promise<Element[]> {
    this.sent.length = 0;
    await this.router.receive(parseXml(stanza));
    return [...this.sent];
  }

  /** Receives an IQ with these attributes and content, and answers the error's condition, or the answer's type. */
  async ask(type: string, content: string, to = DOMAIN, id = " id='1'"): Promise<string | undefined> {
    const [answer] = await this.receive(
      `<iq ${type && `type='${type}'`} from='${ROMEO}' to='${to}'${id}>${content}</iq>`,
    );
    if (!answer) return undefined;
    expect(attribute(answer, "to")).to.equal(ROMEO);
    expect(attribute(answer, "from")).to.equal(to);
    const kind = attribute(answer, "type");
    return kind === "error" ? parseStanzaError(answer.getChild("error")).condition : kind;
  }

  #capability(): Capability {
    const common = { namespace: "urn:example", addressee: "component" } as const;
    return {
      features: { component: ["urn:example"], number: ["urn:example:number"] },
      iqs: [
        {
          ...common,
          type: "get",
          element: "echo",
          handle: async (request) => (this.requests.push(request), xml("echoed", { xmlns: "urn:example" })),
        },
        { ...common, type: "get", element: "text", handle: async () => "<text xmlns='urn:example'/>" },
        { ...common, type: "set", element: "throw", handle: () => Promise.reject(this.thrown) },
        { ...common, type: "get", element: "echo", addressee: "number", handle: async () => undefined },
      ],
      messages: [
        { ...common, element: "fail", handle: () => Promise.reject(this.thrown) },
        { ...common, element: "take", handle: () => undefined },
      ],
      onPresence: (presence) => {
        this.presences.push(presence);
        if (presence.type === "probe") throw new Error("a fault of ours");
      },
    };
  }
}

const ECHO = "<echo xmlns='urn:example'/>";
const THROW = "<throw xmlns='urn:example'/>";

describe("Router", () => {
  let stage: Stage;
  beforeEach(() => {
    stage = new Stage();
  });

  const IQS: readonly [
    what: string,
    type: string,
    content: string,
    to: string,
    id: string,
    answer: string | undefined,
  ][] = [
    ["answers", "get", ECHO, DOMAIN, " id='1'", "result"],
    ["answers ready XML", "get", "<text xmlns='urn:example'/>", DOMAIN, " id='1'", "result"],
    ["answers for a number", "get", ECHO, NUMBER, " id='1'", "result"],
    ["refuses a request without an id", "get", ECHO, DOMAIN, "", "bad-request"],
    ["refuses a request without a payload", "get", "", DOMAIN, " id='1'", "bad-request"],
    ["refuses a request with text for a payload", "get", "text", DOMAIN, " id='1'", "bad-request"],
    ["refuses a request with two payloads", "get", ECHO + ECHO, DOMAIN, " id='1'", "bad-request"],
    ["refuses a request without a type", "", ECHO, DOMAIN, " id='1'", "bad-request"],
    ["refuses a request of another type", "Get", ECHO, DOMAIN, " id='1'", "bad-request"],
    [
      "does not know the element",
      "get",
      "<other xmlns='urn:example'/>",
      DOMAIN,
      " id='1'",
      "service-unavailable",
    ],
    [
      "does not know the namespace",
      "get",
      "<echo xmlns='urn:other'/>",
      DOMAIN,
      " id='1'",
      "service-unavailable",
    ],
    ["does not take a set for a get", "set", ECHO, DOMAIN, " id='1'", "service-unavailable"],
    ["does not take a number for the component", "set", THROW, NUMBER, " id='1'", "service-unavailable"],
    ["knows no localpart but numbers", "get", ECHO, `juliet@${DOMAIN}`, " id='1'", "item-not-found"],
    ["knows no other domain", "get", ECHO, "example.net", " id='1'", "service-unavailable"],
    ["ignores a result out of the blue", "result", ECHO, DOMAIN, " id='1'", undefined],
    ["ignores an error out of the blue", "error", ECHO, DOMAIN, " id='1'", undefined],
  ];
  for (const [what, type, content, to, id, answer] of IQS) {
    it(what, async () => {
      expect(await stage.ask(type, content, to, id)).to.equal(answer);
      expect(stage.router.inFlight).to.equal(0);
    });
  }

  it("gives the handler the addresses read", async () => {
    await stage.ask("get", ECHO);
    const [request] = stage.requests;
    expect([String(request?.from), String(request?.to), request?.id]).to.deep.equal([ROMEO, DOMAIN, "1"]);
  });

  it("writes the id back as it came", async () => {
    const [answer] = await stage.receive(
      `<iq type='get' id='&lt;&apos;&amp;' from='${ROMEO}' to='${DOMAIN}'>${ECHO}</iq>`,
    );
    expect(answer && attribute(answer, "id")).to.equal("<'&");
  });

  it("ignores stanzas without addresses that can be read", async () => {
    for (const addresses of ["", `from='${ROMEO}'`, `from='@' to='${DOMAIN}'`, `from='${ROMEO}' to='a@b@c'`])
      expect(await stage.receive(`<iq type='get' id='1' ${addresses}>${ECHO}</iq>`)).to.deep.equal([]);
  });

  it("keeps the condition, type and text of a stanza error", async () => {
    stage.thrown = new StanzaError("resource-constraint", "full", { applicationCondition: "mailbox-full" });
    const [answer] = await stage.receive(
      `<iq type='set' id='1' from='${ROMEO}' to='${DOMAIN}'>${THROW}</iq>`,
    );
    expect(parseStanzaError(answer?.getChild("error"))).to.include({
      condition: "resource-constraint",
      type: "wait",
      message: "full",
      applicationCondition: "mailbox-full",
    });
  });

  const THROWN: readonly [what: string, thrown: unknown, condition: string][] = [
    ["a full disk", new StorageError("disk-full", "SECRET"), "resource-constraint"],
    ["a link that is down", new LinkError("not-connected", "SECRET"), "remote-server-timeout"],
    ["any other storage error", new StorageError("SQLITE_CORRUPT", "SECRET"), "internal-server-error"],
    ["a fault of ours", new TypeError("SECRET"), "internal-server-error"],
    ["what is no error", "SECRET", "internal-server-error"],
  ];
  for (const [what, thrown, condition] of THROWN) {
    it(`tells nothing of our inside for ${what}, and that trying again may help`, async () => {
      stage.thrown = thrown;
      const [answer] = await stage.receive(
        `<iq type='set' id='1' from='${ROMEO}' to='${DOMAIN}'>${THROW}</iq>`,
      );
      expect(String(answer)).not.to.include("SECRET");
      expect(parseStanzaError(answer?.getChild("error"))).to.include({ condition, type: "wait" });
    });
  }

  it("answers a message that it does not understand, or cannot handle", async () => {
    const condition = async (message: string) => {
      const [answer] = await stage.receive(message);
      return answer && parseStanzaError(answer.getChild("error")).condition;
    };
    const head = `<message from='${ROMEO}' to='${DOMAIN}'`;
    expect(await condition(`${head}><body xmlns='jabber:client'>hello</body></message>`)).to.equal(
      "service-unavailable",
    );
    expect(await condition(`${head} type='chat'/>`)).to.equal("service-unavailable");
    expect(await condition(`${head}><fail xmlns='urn:example'/></message>`)).to.equal("conflict");
    expect(await condition(`${head}><take xmlns='urn:example'/></message>`)).to.equal(undefined);
  });

  it("answers neither an error nor a headline", async () => {
    for (const type of ["error", "headline"]) {
      const head = `<message type='${type}' from='${ROMEO}' to='${DOMAIN}'>`;
      expect(await stage.receive(`${head}<fail xmlns='urn:example'/></message>`), type).to.deep.equal([]);
      expect(await stage.receive(`${head}<unknown xmlns='urn:example'/></message>`), type).to.deep.equal([]);
    }
    expect(await stage.receive(`<presence type='error' from='${ROMEO}' to='${DOMAIN}'/>`)).to.deep.equal([]);
    expect(stage.presences).to.deep.equal([]);
  });

  it("survives a presence that cannot be handled", async () => {
    expect(await stage.receive(`<presence type='probe' from='${ROMEO}' to='${DOMAIN}'/>`)).to.deep.equal([]);
    await stage.receive(`<presence from='${ROMEO}' to='${DOMAIN}'/>`);
    expect(stage.presences).to.have.length(2);
  });

  it("sends nothing while the link is down", async () => {
    stage.isOnline = false;
    expect(await stage.ask("get", ECHO)).to.equal(undefined);
  });

  it("takes nothing new once it is closed, and tells who asks to ask again", async () => {
    stage.router.close();
    expect(await stage.ask("get", ECHO)).to.equal("remote-server-timeout");
    expect(stage.requests).to.deep.equal([]);
    await stage.receive(`<presence from='${ROMEO}' to='${DOMAIN}'/>`);
    expect(stage.presences).to.deep.equal([]);
  });

  it("does not take two capabilities for the same request", () => {
    const one: Capability = {
      iqs: [
        { type: "get", element: "a", namespace: "b", addressee: "component", handle: async () => undefined },
      ],
    };
    const ports = { domain: DOMAIN, link: {} as Sender, log: createLog("silent"), metrics: createMetrics() };
    expect(() => new Router(ports, [one, one])).to.throw(TypeError);
  });
});

describe("XEP-0030", () => {
  const query = async (namespace: string, to: string, node = ""): Promise<Element | undefined> => {
    const stage = new Stage();
    const payload = `<query xmlns='${namespace}'${node && ` node='${node}'`}/>`;
    return (await stage.receive(`<iq type='get' id='1' from='${ROMEO}' to='${to}'>${payload}</iq>`))[0];
  };

  it("tells what the component can do, and what a number can", async () => {
    const features = async (to: string) =>
      childElements((await query(NS.discoInfo, to))?.getChild("query") ?? xml("none"))
        .filter(({ name }) => name === "feature")
        .map((feature) => attribute(feature, "var"));
    expect(await features(DOMAIN)).to.deep.equal(
      [NS.caps, NS.discoInfo, NS.discoItems, "urn:example", NS.ping].sort(),
    );
    expect(await features(NUMBER)).to.deep.equal(
      [NS.caps, NS.discoInfo, NS.discoItems, "urn:example:number"].sort(),
    );
  });

  it("has an identity for each", async () => {
    const identity = async (to: string) =>
      (await query(NS.discoInfo, to))?.getChild("query")?.getChild("identity")?.attrs;
    expect(await identity(DOMAIN)).to.deep.include({ category: "component", type: "generic" });
    expect(await identity(NUMBER)).to.deep.include({ category: "account", type: "registered" });
  });

  it("knows no node that it has not", async () => {
    for (const [namespace, to] of [
      [NS.discoInfo, DOMAIN],
      [NS.discoItems, DOMAIN],
      [NS.discoInfo, NUMBER],
    ] as const) {
      const answer = await query(namespace, to, "urn:none");
      expect(parseStanzaError(answer?.getChild("error")).condition).to.equal("item-not-found");
    }
  });

  it("lists no items", async () => {
    for (const to of [DOMAIN, NUMBER])
      expect((await query(NS.discoItems, to))?.getChild("query")?.children).to.deep.equal([]);
  });
});

describe("XEP-0199", () => {
  it("is answered with an empty result", async () => {
    const [answer] = await new Stage().receive(
      `<iq type='get' id='1' from='${ROMEO}' to='${DOMAIN}'><ping xmlns='${NS.ping}'/></iq>`,
    );
    expect(answer?.attrs).to.include({ type: "result", id: "1" });
    expect(answer?.children).to.deep.equal([]);
  });
});
