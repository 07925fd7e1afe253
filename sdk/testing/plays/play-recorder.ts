import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { NS } from "../../../src/namespaces.js";
import { StreamParser } from "../../../src/stream-parser.js";
import { attribute, childElements, type Element, parseXml } from "../../../src/xml.js";
import { prettyXml } from "./pretty-xml.js";

const NAMES = ["Romeo", "Juliet", "Mercutio", "Rosaline", "Benvolio", "Balthasar", "Tybalt", "Paris"];
/** Values that are others each time. */
const VARYING = ["stamp", "ver", "h"];

interface Recorded {
  readonly who: Role;
  readonly stanza: Element;
  readonly isSent: boolean;
}

interface Role {
  readonly name: string;
  fullJid: string | undefined;
  isBound: boolean;
}

/**
 * Writes down what clients and a server say to each other, as a play: clients connect to it instead of the server.
 *
 * It reads what passes, so only connections without TLS can be recorded, as in a `World`. Passwords are not written.
 *
 * @example
 * const recorder = await PlayRecorder.start({ port: world.server.clientPort });
 * // a client connects to recorder.service and does what is to be recorded
 * writeFileSync("session.scs", recorder.play("What happened"));
 * await recorder.stop();
 */
export class PlayRecorder {
  readonly #server: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  readonly #roles: Role[] = [];
  readonly #acts: (Recorded | { readonly who: Role; readonly deed: "connects" | "disconnects" })[] = [];

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** Starts to listen, on a port of its own. @param target where the server is; this machine unless a host is given */
  static async start(target: { readonly host?: string; readonly port: number }): Promise<PlayRecorder> {
    const recorder = new PlayRecorder({ host: "127.0.0.1", ...target });
    recorder.#server.listen(0, "127.0.0.1");
    await once(recorder.#server, "listening");
    return recorder;
  }

  /** Where clients connect to. */
  get service(): string {
    return `xmpp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What was recorded so far, as the text of a play. */
  play(title: string): string {
    const roles = this.#roles.filter(({ isBound }) => isBound);
    const cast = roles.map(
      ({ name, fullJid = "" }) => `[Client] ${name}\n\tjid: ${fullJid.split("/")[0]}\n\tpassword: password\n`,
    );
    const acts = this.#acts
      .filter(({ who }) => who.isBound)
      .map((act) => {
        if (!("stanza" in act)) return `${act.who.name} ${act.deed}\n`;
        const text = this.#written(act).replaceAll(/^/gm, "\t");
        return `${act.who.name} ${act.isSent ? "sends" : "receives"}:\n${text}\n`;
      });
    return `# ${title}\n\n${cast.join("\n")}\n---------\n\n${acts.join("\n")}`;
  }

  /** Cuts what goes through it and stops listening. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(client: Socket): void {
    const role: Role = { name: this.#freshName(), fullJid: undefined, isBound: false };
    this.#roles.push(role);
    const server = connect(this.#target.port, this.#target.host);
    const ears = new StreamEars((stanza, isSent) => this.#hear(role, stanza, isSent));
    const roads = [
      [client, server, true],
      [server, client, false],
    ] as const;
    for (const [from, to, isSent] of roads) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on("data", (data) => {
        ears.take(data, isSent);
        to.write(data);
      });
      from.on("error", () => {}).on("close", () => to.destroy());
    }
    client.once("close", () => this.#acts.push({ who: role, deed: "disconnects" }));
  }

  #hear(role: Role, stanza: Element, isSent: boolean): void {
    const bound = stanza.name === "iq" ? stanza.getChild("bind", NS.bind) : undefined;
    if (bound) {
      if (isSent) return;
      role.fullJid = bound.getChildText("jid") ?? undefined;
      role.isBound = role.fullJid !== undefined;
      this.#acts.push({ who: role, deed: "connects" });
      return;
    }
    if (["message", "presence", "iq"].includes(stanza.name)) {
      // As it is now: what is done with it later is not what was said
      this.#acts.push({ who: role, stanza: parseXml(stanza.toString()), isSent });
    }
  }

  #freshName(): string {
    const count = this.#roles.length;
    return NAMES[count] ?? `Actor ${count + 1}`;
  }

  /** A stanza with variables in the place of what is another thing each time. */
  #written({ stanza, isSent }: Recorded): string {
    const copy = parseXml(stanza.toString());
    delete copy.attrs["xmlns"];
    if (!isSent) loosen(copy, this.#sentIds());
    let text = prettyXml(copy);
    for (const { name, fullJid } of this.#roles) {
      if (fullJid === undefined) continue;
      const [bare = ""] = fullJid.split("/");
      text = text.replaceAll(fullJid, `\${${name}'s full JID}`).replaceAll(bare, `\${${name}'s JID}`);
    }
    return text;
  }

  #sentIds(): Set<string | undefined> {
    return new Set(
      this.#acts.flatMap((act) => ("stanza" in act && act.isSent ? [attribute(act.stanza, "id")] : [])),
    );
  }
}

function loosen(element: Element, known: ReadonlySet<string | undefined>): void {
  for (const name of VARYING)
    if (attribute(element, name) !== undefined) element.attrs[name] = "{scansion:any}";
  const id = attribute(element, "id");
  if (id !== undefined && !known.has(id)) element.attrs["id"] = "{scansion:any}";
  for (const child of childElements(element)) loosen(child, known);
}

/** Reads both directions of a connection. */
class StreamEars {
  readonly #tell: (stanza: Element, isSent: boolean) => void;
  #parsers = this.#fresh();
  #isNew = { up: false, down: false };

  constructor(tell: (stanza: Element, isSent: boolean) => void) {
    this.#tell = tell;
  }

  /** Takes what passes. */
  take(data: Buffer, isSent: boolean): void {
    const road = isSent ? "up" : "down";
    // After the login both begin a new stream: RFC 6120 §6.4.6
    if (this.#isNew[road]) this.#parsers[road] = this.#parser(isSent);
    this.#isNew[road] = false;
    this.#parsers[road].write(data);
  }

  #fresh(): { up: StreamParser; down: StreamParser } {
    return { up: this.#parser(true), down: this.#parser(false) };
  }

  #parser(isSent: boolean): StreamParser {
    const parser = new StreamParser();
    parser.on("error", () => {});
    parser.on("refused", () => {});
    parser.on("element", (element) => {
      if (!isSent && element.is("success", NS.sasl)) this.#isNew = { up: true, down: true };
      else this.#tell(element, isSent);
    });
    return parser;
  }
}
