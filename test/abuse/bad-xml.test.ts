import { expect } from "chai";
import { StanzaError } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { xml } from "../../src/xml.js";
import { FakeServer, DOMAIN, SECRET } from "../component/link/fake-server.js";
import { Link } from "../../component/link/link.js";
import { body, RawDevice } from "../support/raw-device.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

const many = (count: number, text: string): string => text.repeat(count);
const M = NS.mailbox;

/** What is well-formed, so that Prosody passes it on, and is not what any reader expects. */
const SHAPES: readonly (readonly [what: string, content: (id: string) => string])[] = [
  ["nothing", () => ""],
  ["text for a payload", () => "text"],
  ["two payloads", () => `<ping xmlns='${NS.ping}'/><ping xmlns='${NS.ping}'/>`],
  ["a payload in no namespace", () => "<submit xmlns=''/>"],
  ["a payload in a namespace of spaces", () => "<submit xmlns='   '/>"],
  ["a payload under a prefix", () => `<m:submit xmlns:m='${M}'><m:message/></m:submit>`],
  ["another element under our namespace", () => `<entry xmlns='${M}'/>`],
  ["a submit of nothing", () => `<submit xmlns='${M}'/>`],
  ["a submit of text", () => `<submit xmlns='${M}'>text</submit>`],
  ["a submit of empty messages", () => `<submit xmlns='${M}'>${many(50, "<message/>")}</submit>`],
  ["a submit in a submit", () => `<submit xmlns='${M}'><submit><message/></submit></submit>`],
  ["a submit of too many messages", () => `<submit xmlns='${M}'>${many(1500, "<message id='a'/>")}</submit>`],
  ["too many attributes", () => `<a ${Array.from({ length: 500 }, (_, i) => `a${i}='b'`).join(" ")}/>`],
  ["a very long name", () => `<${"a".repeat(5000)}/>`],
  ["a very long value", () => `<a b='${"c".repeat(60_000)}'/>`],
  ["a very long namespace", () => `<a xmlns='${"c".repeat(20_000)}'/>`],
  ["a depth of 300", () => many(300, "<a>") + many(300, "</a>")],
  ["an attach of nothing", () => `<attach xmlns='${M}'/>`],
  [
    "an attach with two proofs",
    () => `<attach xmlns='${M}' device='1' last='0'>${many(2, "<token>a</token>")}</attach>`,
  ],
  ["numbers that are none", () => `<attach xmlns='${M}' device='1e3' last='-0'><token>a</token></attach>`],
  [
    "numbers without bounds",
    () => `<attach xmlns='${M}' device='${"9".repeat(400)}' last='${"9".repeat(400)}'/>`,
  ],
  ["a status of an id of spaces", () => `<status xmlns='${M}' id='   '/>`],
  ["a status of an id that is long", () => `<status xmlns='${M}' id='${"i".repeat(3000)}'/>`],
  ["a status of an id that is not ASCII", () => `<status xmlns='${M}' id='\u{1f600}\u202e\u00e9'/>`],
  [
    "a marker of nothing",
    () => `<submit xmlns='${M}'><message id='i'><displayed xmlns='${NS.chatMarkers}'/></message></submit>`,
  ],
  [
    "a form that asks",
    () =>
      `<command xmlns='${NS.commands}' node='urn:twotick:link'><x xmlns='jabber:x:data' type='form'/></command>`,
  ],
  [
    "a form with a field twice",
    () =>
      `<command xmlns='${NS.commands}' node='urn:twotick:link'><x xmlns='jabber:x:data' type='submit'>${many(2, "<field var='number'/>")}</x></command>`,
  ],
  [
    "a form of 1,000 fields",
    () =>
      `<command xmlns='${NS.commands}' node='urn:twotick:link'><x xmlns='jabber:x:data' type='submit'>${many(1000, "<field/>")}</x></command>`,
  ],
  [
    "two forms",
    () =>
      `<command xmlns='${NS.commands}' node='urn:twotick:link'>${many(2, "<x xmlns='jabber:x:data' type='submit'/>")}</command>`,
  ],
  [
    "a command in a command",
    () =>
      `<command xmlns='${NS.commands}' node='urn:twotick:link'><command node='urn:twotick:pin'/></command>`,
  ],
  [
    "a pubsub of two questions",
    () => `<pubsub xmlns='${NS.pubsub}'><items node='a'/><items node='b'/></pubsub>`,
  ],
  ["characters that turn text around", () => `<a xmlns='urn:example'>\u202e\u2066\ufeff\u0085</a>`],
  [
    "references in every place",
    (id) => `<a xmlns='urn:&#x65;xample' b='&lt;&quot;&apos;&amp;&#10;'>&#x1F600;${id}</a>`,
  ],
];

/** What is not well-formed, or is what XMPP forbids: the sender's own stream ends, nobody else's. */
const BROKEN: readonly (readonly [what: string, text: string])[] = [
  ["an element that is not closed as it was opened", "<message><body></message></body>"],
  ["a document type", "<!DOCTYPE a [<!ENTITY b 'c'>]>"],
  ["a processing instruction", "<message><?php 1 ?></message>"],
  ["a comment", "<message><!-- 1 --></message>"],
  ["an entity that is not there", "<message><body>&nbsp;</body></message>"],
  ["a character that XML has not", "<message><body>\u0001</body></message>"],
  ["a reference to one", "<message><body>&#0;</body></message>"],
  ["half a surrogate pair, as a reference", "<message><body>&#xD800;</body></message>"],
  ["an attribute twice", "<message to='a' to='b'/>"],
  ["a prefix that was not declared", "<message><a:b/></message>"],
  ["a value without quotation marks", "<message to=a/>"],
];

describe("XML of bad shapes, through a real Prosody", function () {
  this.timeout(90_000);
  const log: string[] = [];
  const world = useWorld({ log: { write: (line) => void log.push(line) } });
  let romeo: RawDevice;
  let juliet: RawDevice;
  let tybalt: RawDevice;
  before(async () => {
    romeo = await RawDevice.online(await world().person("+15551230001"));
    juliet = await RawDevice.online(await world().person("+15551230002"));
    tybalt = await RawDevice.online(await world().person("+15551230003"));
  });
  afterEach(async () => {
    expect(log.filter((line) => line.includes('"level":"error"'))).to.deep.equal([]);
    await romeo.receipt(await romeo.say(juliet.numberJid, "still here"), "delivered");
  });
  after(async () => {
    await Promise.all([romeo?.stop(), juliet?.stop(), tybalt?.stop()]);
  });

  for (const [what, content] of SHAPES)
    it(`every request with ${what} is answered, with no fault of ours`, async () => {
      const component = tybalt.credentials.numberDomain;
      for (const to of [component, romeo.numberJid, `nobody@${component}`])
        for (const type of ["get", "set"] as const) {
          const id = newId();
          const seen = tybalt.others.length;
          const answer = askRaw(tybalt, { type, to, content });
          await tybalt.connection.send(`<message id='${id}' to='${to}'>${content(id)}</message>`);
          await tybalt.connection.send(`<presence id='${id}' to='${to}'>${content(id)}</presence>`);
          expect(await answer, `${type} to ${to}`).to.not.equal("internal-server-error");
          await expectAnswer(tybalt);
          const answers = tybalt.others.slice(seen).map(String);
          expect(answers.join()).to.not.include("internal-server-error");
        }
      expect(tybalt.connection.state).to.equal("online");
    });

  for (const [what, text] of BROKEN)
    it(`${what} ends the stream of whoever sent it`, async () => {
      const careless = new RawDevice(tybalt.credentials);
      let isOver = false;
      careless.connection.on("offline", () => (isOver = true));
      await careless.connection.start();
      await careless.connection.send(text).catch(() => (isOver = true));
      await until("the end of the stream", () => isOver, 10_000);
      await careless.stop();
      expect(world().app.httpPort).to.be.above(0);
      await expectAnswer(romeo);
    });
});

describe("XML of bad shapes, from a server that sends it", () => {
  for (const [what, content] of SHAPES)
    it(`${what}: the link stays up`, async () => {
      const server = await FakeServer.start();
      const link = new Link({ host: "127.0.0.1", port: server.port, domain: DOMAIN, secret: SECRET });
      let isThere = false;
      link.onStanza = (stanza) => void (isThere ||= stanza.attrs["id"] === "last");
      let isDown = false;
      link.on("error", () => {});
      link.on("offline", () => (isDown = true));
      try {
        await link.start();
        for (const name of ["iq", "message", "presence"])
          server.peer.write(`<${name} from='a@example.org' to='${DOMAIN}' id='1'>${content("1")}</${name}>`);
        server.peer.write(`<message from='a@example.org' to='${DOMAIN}' id='last'>${body("x")}</message>`);
        await until("the last stanza", () => isThere);
        expect(isDown).to.equal(false);
      } finally {
        await link.stop();
        await server.stop();
      }
    });
});

/** What is asked, word for word. */
interface RawRequest {
  readonly type: "get" | "set";
  readonly to: string;
  readonly content: (id: string) => string;
}

/** Sends a request as it is written here, and answers `result` or the condition of the error. @throws when neither comes */
async function askRaw(device: RawDevice, { type, to, content }: RawRequest): Promise<string> {
  const iq = xml("iq", { type, to });
  iq.toString = () => {
    const id = String(iq.attrs["id"]);
    return `<iq type='${type}' id='${id}' to='${to}'>${content(id)}</iq>`;
  };
  try {
    return String((await device.connection.request(iq, { timeoutMs: 10_000 })).attrs["type"]);
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error;
    return error.condition;
  }
}

async function expectAnswer(device: RawDevice): Promise<void> {
  const answer = await device.ask("get", xml("ping", { xmlns: NS.ping }));
  expect(answer.attrs["type"]).to.equal("result");
}
