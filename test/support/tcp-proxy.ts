import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * A TCP proxy on loopback that does to a connection what bad networks do: cut it, swallow everything in
 * silence, refuse, or deliver it in small pieces.
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #sockets = new Set<Socket>();
  #pieceBytes: (() => number) | undefined;
  #isStalled = false;
  #isMute = false;
  #swallowedBytes = 0;
  #accepted = 0;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** Starts a proxy to a port of this machine. */
  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** Its own port. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Where a client connects to. */
  get service(): string {
    return `xmpp://127.0.0.1:${this.port}`;
  }

  /** How many connections there were so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Bytes of clients that never reached the server. */
  get swallowedBytes(): number {
    return this.#swallowedBytes;
  }

  /** Cuts every connection; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Swallows everything in both directions, new connections included, and says nothing. */
  stall(): void {
    this.#isStalled = true;
  }

  /** Swallows what clients send; they go on to hear the server. */
  mute(): void {
    this.#isMute = true;
  }

  /** Ends the stall for new connections; the old ones, of which something was swallowed, are cut. */
  heal(): void {
    this.#isStalled = false;
    this.#isMute = false;
    this.cut();
  }

  /** Hands what the server sends to the client in pieces of as many bytes as `pieceBytes` says each time. */
  splitDownstream(pieceBytes: () => number): void {
    this.#pieceBytes = pieceBytes;
  }

  /** Cuts everything and stops listening. */
  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(client: Socket): void {
    this.#accepted++;
    const server = connect(this.#targetPort, "127.0.0.1");
    client.setNoDelay(true);
    server.setNoDelay(true);
    client.on("data", (data) => {
      if (this.#isStalled || this.#isMute) this.#swallowedBytes += data.length;
      else server.write(data);
    });
    server.on("data", (data) => void (this.#isStalled || this.#deliver(server, client, data)));
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      const end = (): void => {
        this.#sockets.delete(socket);
        // Who is at the other end of a dead line does not hear that this one hung up.
        if (!this.#isStalled) (socket === client ? server : client).destroy();
      };
      socket.on("error", () => {}).on("close", end);
    }
  }

  #deliver(server: Socket, client: Socket, data: Buffer): void {
    const pieceBytes = this.#pieceBytes;
    if (!pieceBytes) return void client.write(data);
    server.pause();
    const next = (from: number): void => {
      if (from >= data.length) return void server.resume();
      const to = from + pieceBytes();
      // The next piece in the next turn of the event loop: the receiver reads this one by itself.
      client.write(data.subarray(from, to), () => setImmediate(next, to));
    };
    next(0);
  }
}
