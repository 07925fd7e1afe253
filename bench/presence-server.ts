import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { notifyFeature, PUSHED_NODES } from "../component/pep/nodes.js";
import { capsHash } from "../src/caps-hash.js";
import { NS } from "../src/namespaces.js";
import { xml } from "../src/xml.js";

const NOTIFIED = PUSHED_NODES.map(({ node }) => notifyFeature(node));
const FEATURES = [NS.caps, NS.discoInfo, NS.ping, NS.receipts, ...NOTIFIED];
const INFO = xml(
  "query",
  { xmlns: NS.discoInfo },
  xml("identity", { category: "client", type: "phone" }),
  ...FEATURES.map((name) => xml("feature", { var: name })),
);
const CAPS = `<c xmlns='${NS.caps}' hash='sha-1' node='app' ver='${capsHash(INFO, "sha-1")}'/>`;
const TICK_MS = 10;

/**
 * The server's end of a link (XEP-0114) behind which very many people are online.
 *
 * Ten thousand sessions on a real server would cost that server half a gigabyte, and what is measured here is the
 * component. It answers probes, disco and pings, takes stanzas as fast as a Prosody does, and counts presences.
 */
export class PresenceServer {
  /** Presences that came, by the number that they are of. */
  readonly shown = new Map<string, number>();
  /** All of them. */
  presences = 0;
  readonly #server: Server;
  readonly #domain: string;
  readonly #stanzasPerSecond: number;
  #socket: Socket | undefined;
  #rest = "";

  private constructor(server: Server, domain: string, stanzasPerSecond: number) {
    this.#server = server;
    this.#domain = domain;
    this.#stanzasPerSecond = stanzasPerSecond;
    server.on("connection", (socket) => this.#open(socket));
  }

  /** Listens on a free loopback port. @param domain of the component */
  static async start(domain: string, stanzasPerSecond: number): Promise<PresenceServer> {
    const server = createServer({ noDelay: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new PresenceServer(server, domain, stanzasPerSecond);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Somebody (full JID) is there, or says something else beside it. */
  say(jid: string, status: string): void {
    this.#write(`<presence from='${jid}' to='${this.#domain}'><status>${status}</status>${CAPS}</presence>`);
  }

  stop(): void {
    this.#socket?.destroy();
    this.#server.close();
  }

  #write(text: string): void {
    this.#socket?.write(text, "latin1");
  }

  #open(socket: Socket): void {
    this.#socket = socket;
    this.#rest = "";
    socket.setEncoding("latin1");
    socket.on("error", () => {});
    socket.on("data", (text: string) => this.#take(text));
    let [read, since] = [0, performance.now()];
    // What a server cannot work off stays in the socket
    const pace = setInterval(() => {
      const due = ((performance.now() - since) / 1000) * this.#stanzasPerSecond;
      if (this.presences - read < due) socket.resume();
      else socket.pause();
      if (due < this.#stanzasPerSecond) return;
      [read, since] = [this.presences, performance.now()];
    }, TICK_MS);
    socket.on("close", () => clearInterval(pace));
  }

  #take(text: string): void {
    const all = this.#rest + text;
    const end = all.lastIndexOf(">") + 1;
    this.#rest = all.slice(end);
    for (const [tag, name = ""] of all
      .slice(0, end)
      .matchAll(/<(stream:stream|handshake|presence|iq)\b[^>]*>/g))
      this.#answer(name, tag, all);
  }

  #answer(name: string, tag: string, all: string): void {
    const { from = "", to = "", type = "", id = "" } = attributesOf(tag);
    if (name === "stream:stream")
      this.#write(
        `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' from='${this.#domain}' id='s'>`,
      );
    else if (name === "handshake") this.#write("<handshake/>");
    else if (name === "presence" && type === "probe") this.say(`${to}/app`, "");
    else if (name === "presence") {
      this.presences += 1;
      const number = from.split("/", 1)[0] ?? "";
      this.shown.set(number, (this.shown.get(number) ?? 0) + 1);
    } else if (name === "iq" && type === "get") {
      const isDisco = all.slice(all.indexOf(tag)).startsWith(`${tag}<query xmlns="${NS.discoInfo}"`);
      this.#write(
        `<iq type='result' id='${id}' from='${to}' to='${from}'>${isDisco ? INFO.toString() : ""}</iq>`,
      );
    } else if (name === "iq" && type === "set")
      this.#write(`<iq type='result' id='${id}' from='${to}' to='${from}'/>`);
  }
}

function attributesOf(tag: string): Record<string, string> {
  return Object.fromEntries(
    [...tag.matchAll(/\s(\w+)=['"]([^'"]*)['"]/g)].map(([, name, value]) => [name, value]),
  );
}
