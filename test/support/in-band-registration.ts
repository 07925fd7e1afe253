import { connect } from "node:net";
import type { ProsodyProcess } from "../../prosody/prosody.js";
import { NS } from "../../src/namespaces.js";
import { attribute, parseXml, xml, type Element } from "../../src/xml.js";

/** What an app makes an account with. */
export interface Registration {
  readonly username: string;
  readonly password: string;
  /** The token of an invitation; without one it is tried all the same. */
  readonly token?: string;
}

/** What an app reads from the link of an invitation. Source: XEP-0445 §2.1 */
export function readInvitation(uri: string): { username: string; domain: string; token: string } {
  const [, username = "", domain = "", token = ""] =
    /^xmpp:([^@?]+)@([^?]+)\?register;preauth=([^;]+)$/.exec(uri) ?? [];
  return { username, domain, token };
}

/**
 * Makes an account as an app does, on a stream of its own.
 *
 * Source: XEP-0445 §3, XEP-0077 §3.1
 *
 * @returns what was refused and how: `preauth forbidden`, `register conflict`; undefined when the account is made
 */
export async function register(
  { host, interface: address, clientPort }: ProsodyProcess,
  { username, password, token }: Registration,
): Promise<string | undefined> {
  const stream = await UnauthenticatedStream.open(address, clientPort, host);
  try {
    if (token !== undefined) {
      const preauth = xml("preauth", { xmlns: "urn:xmpp:pars:0", token });
      const refused = errorOf(await stream.ask(preauth));
      if (refused !== undefined) return `preauth ${refused}`;
    }
    const query = xml(
      "query",
      { xmlns: "jabber:iq:register" },
      xml("username", {}, username),
      xml("password", {}, password),
    );
    const refused = errorOf(await stream.ask(query));
    return refused === undefined ? undefined : `register ${refused}`;
  } finally {
    stream.close();
  }
}

function errorOf(iq: Element): string | undefined {
  if (attribute(iq, "type") === "result") return undefined;
  const conditions = iq.getChild("error")?.getChildElements() ?? [];
  return conditions.find((one) => one.attrs["xmlns"] === NS.stanzaErrors)?.name;
}

class UnauthenticatedStream {
  readonly #socket;
  readonly #host: string;
  #text = "";
  #ids = 0;

  private constructor(socket: ReturnType<typeof connect>, host: string) {
    this.#socket = socket;
    this.#host = host;
    socket.setEncoding("utf8").on("data", (text: string) => (this.#text += text));
    // That it ended shows in what does not come
    socket.on("error", () => undefined);
  }

  static async open(address: string, port: number, host: string): Promise<UnauthenticatedStream> {
    const stream = new UnauthenticatedStream(connect(port, address), host);
    stream.#socket.write(
      `<?xml version='1.0'?><stream:stream to='${host}' version='1.0' xmlns='${NS.client}' xmlns:stream='${NS.stream}'>`,
    );
    await stream.#until(/<\/stream:features>/);
    return stream;
  }

  async ask(payload: Element): Promise<Element> {
    const id = `r${(this.#ids += 1)}`;
    this.#text = "";
    this.#socket.write(xml("iq", { type: "set", id, to: this.#host }, payload).toString());
    const [answer = ""] = await this.#until(/<iq\b[^>]*?(?:\/>|>.*?<\/iq>)/s);
    return parseXml(answer);
  }

  close(): void {
    this.#socket.end("</stream:stream>");
  }

  async #until(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = AbortSignal.timeout(10_000);
    for (;;) {
      const found = pattern.exec(this.#text);
      if (found) return found;
      await new Promise((resolve, reject) => {
        deadline.addEventListener("abort", () =>
          reject(new Error(`no answer like ${pattern}: ${this.#text}`)),
        );
        this.#socket.once("data", resolve);
      });
    }
  }
}
