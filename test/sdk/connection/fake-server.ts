import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { StreamParser } from "../../../src/stream-parser.js";
import type { Element } from "../../../src/xml.js";

const HEADER =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' from='example.org' id='1'>";
const SASL = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";

/** How a {@link FakePeer} goes wrong in its SCRAM exchange. */
export interface ScramFaults {
  mechanism?: string;
  iterations?: number;
  nonce?: (clientNonce: string) => string;
  serverFinal?: (right: string) => string;
}

/** The server's end of one connection, played by a test. */
export class FakePeer {
  readonly socket: Socket;
  #parser = new StreamParser();
  #arrived: Element[] = [];
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (data: Buffer) => this.#parser.write(data));
    this.#listen();
  }

  /** Writes text as it is. */
  send(text: string): void {
    this.socket.write(text);
  }

  /** The next thing that the client sent; a stream header counts as one. */
  async next(): Promise<Element> {
    while (this.#arrived.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#arrived.shift() as Element;
  }

  /** Waits for a stream header and answers it with these features. */
  async open(features: string): Promise<void> {
    await this.next();
    this.send(`${HEADER}<stream:features>${features}</stream:features>`);
  }

  /** Lets any user in whose password is "secret", as a server does or with faults. Source: RFC 5802 §3. */
  async authenticate(faults: ScramFaults = {}): Promise<void> {
    const mechanism = faults.mechanism ?? "SCRAM-SHA-1";
    const hash = mechanism === "SCRAM-SHA-1" ? "sha1" : "sha256";
    await this.open(`<mechanisms ${SASL}><mechanism>${mechanism}</mechanism></mechanisms>`);
    const clientFirst = decoded(await this.next()).slice("n,,".length);
    const clientNonce = /r=(.*)$/.exec(clientFirst)?.[1] ?? "";
    const nonce = faults.nonce?.(clientNonce) ?? `${clientNonce}server`;
    const iterations = faults.iterations ?? 4_096;
    const serverFirst = `r=${nonce},s=${Buffer.from("salt").toString("base64")},i=${iterations}`;
    this.send(`<challenge ${SASL}>${Buffer.from(serverFirst).toString("base64")}</challenge>`);
    const clientFinal = decoded(await this.next()).replace(/,p=.*$/, "");
    const salted = pbkdf2Sync("secret", "salt", iterations, createHash(hash).digest().length, hash);
    const serverKey = createHmac(hash, salted).update("Server Key").digest();
    const signature = createHmac(hash, serverKey)
      .update(`${clientFirst},${serverFirst},${clientFinal}`)
      .digest("base64");
    const right = `v=${signature}`;
    const final = faults.serverFinal?.(right) ?? right;
    this.#listen();
    this.send(`<success ${SASL}>${Buffer.from(final).toString("base64")}</success>`);
  }

  /** Logs in and binds romeo@example.org/fake, with stream management when it is among the features. */
  async login(features: string): Promise<void> {
    await this.authenticate();
    await this.open(`<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>${features}`);
    await this.bind(features !== "");
  }

  /** Binds romeo@example.org/fake and starts counting if that is wanted. */
  async bind(isManaged: boolean): Promise<void> {
    const bind = await this.next();
    this.send(
      `<iq type='result' id='${bind.attrs.id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>romeo@example.org/fake</jid></bind></iq>`,
    );
    if (!isManaged) return;
    await this.next();
    this.send("<enabled xmlns='urn:xmpp:sm:3' id='sm-1' resume='true'/>");
  }

  #listen(): void {
    this.#parser = new StreamParser();
    const take = (element: Element): void => {
      this.#arrived.push(element);
      this.#wake();
    };
    this.#parser
      .on("start", take)
      .on("element", take)
      .on("error", () => {});
    this.#parser.on("end", () => this.socket.end("</stream:stream>"));
  }
}

/** A server for what a real one does not do: each connection is played by the script. */
export class FakeServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** How many connections there were. */
  accepted = 0;

  private constructor(script: (peer: FakePeer, connection: number) => Promise<void>) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      this.accepted++;
      script(new FakePeer(socket), this.accepted).catch(() => socket.destroy());
    });
  }

  /** Starts one; the script gets each connection and its number, from 1. */
  static async start(script: (peer: FakePeer, connection: number) => Promise<void>): Promise<FakeServer> {
    const fake = new FakeServer(script);
    fake.#server.listen(0, "127.0.0.1");
    await once(fake.#server, "listening");
    return fake;
  }

  /** Where a client connects to. */
  get service(): string {
    return `xmpp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts everything and stops listening. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

function decoded(element: Element): string {
  return Buffer.from(element.text(), "base64").toString();
}
