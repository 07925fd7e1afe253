import { createHash } from "node:crypto";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { until } from "../../support/until.js";

export const DOMAIN = "phone.example.org";
export const SECRET = "ein Geheimnis mit ü";

const HEADER =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept'" +
  ` xmlns:stream='http://etherx.jabber.org/streams' id='s1' from='${DOMAIN}'>`;

/** One connection to a {@link FakeServer}. */
export class FakePeer {
  readonly socket: Socket;
  /** Each chunk that arrived. */
  readonly chunks: string[] = [];
  isGone = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => this.chunks.push(chunk));
    socket.on("close", () => (this.isGone = true));
    socket.on("error", () => {});
  }

  /** Everything that arrived. */
  get received(): string {
    return this.chunks.join("");
  }

  /** Writes, also bytes that are no text. */
  write(data: string | Uint8Array): void {
    this.socket.write(data);
  }

  /** Writes a stream error and closes. */
  refuse(condition: string): void {
    this.socket.end(`${streamError(condition)}</stream:stream>`);
  }

  /** Waits until this text has come. */
  async hears(text: string | RegExp): Promise<void> {
    const has = (): boolean =>
      typeof text === "string" ? this.received.includes(text) : text.test(this.received);
    await until(`the server hears ${String(text)}`, has);
  }
}

/** The element of a stream error. */
export function streamError(condition: string): string {
  return `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`;
}

/** How far a server goes with a component: silent at the header, silent at the handshake, or all the way. */
export type Courtesy = "accept" | "header-only" | "silent";

/** A server of XEP-0114 that does what a test tells it, and what a real one would not. */
export class FakeServer {
  readonly peers: FakePeer[] = [];
  courtesy: Courtesy = "accept";
  /** Sent in the same write as the handshake's answer. */
  afterHandshake = "";
  /** Given instead of the handshake's answer. */
  refusal: string | undefined;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((socket) => this.#serve(new FakePeer(socket)));
  }

  /** Listens on a free loopback port. */
  static async start(): Promise<FakeServer> {
    const fake = new FakeServer();
    await new Promise<void>((resolve) => fake.#server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The connection that was made last. */
  get peer(): FakePeer {
    const peer = this.peers.at(-1);
    if (!peer) throw new Error("nobody has connected");
    return peer;
  }

  async stop(): Promise<void> {
    for (const { socket } of this.peers) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(peer: FakePeer): void {
    this.peers.push(peer);
    if (this.courtesy === "silent") return;
    let step = 0;
    peer.socket.on("data", () => {
      if (step === 0 && peer.received.includes("<stream:stream")) {
        step = 1;
        peer.write(HEADER);
      }
      if (step === 1 && peer.received.includes("</handshake>") && this.courtesy === "accept") {
        step = 2;
        this.#answerHandshake(peer);
      }
      if (step === 2 && peer.received.includes("</stream:stream>")) peer.socket.end("</stream:stream>");
    });
  }

  #answerHandshake(peer: FakePeer): void {
    const proof = createHash("sha1").update(`s1${SECRET}`, "utf8").digest("hex");
    if (this.refusal !== undefined) peer.refuse(this.refusal);
    else if (peer.received.includes(`<handshake>${proof}</handshake>`)) {
      peer.write(`<handshake/>${this.afterHandshake}`);
    } else peer.refuse("not-authorized");
  }
}
