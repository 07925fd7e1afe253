import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { type BreakingPoint, type RoadConditions, TcpPipe } from "./tcp-pipe.js";

export type { BreakingPoint, RoadConditions } from "./tcp-pipe.js";

/** From the client to the server, or from the server to the client. */
export type Direction = "up" | "down";

interface ProxiedConnection {
  readonly client: Socket;
  readonly server: Socket;
  readonly up: TcpPipe;
  readonly down: TcpPipe;
  /** Neither end hears of the other any more, not even that it hung up. */
  isDead: boolean;
}

/**
 * A TCP proxy on loopback that does to a connection what bad networks do: cut it, swallow everything in
 * silence, refuse, hold everything up, or deliver it late, slowly or in small pieces.
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #connections = new Set<ProxiedConnection>();
  #conditions: Readonly<Record<Direction, RoadConditions>> = { up: {}, down: {} };
  #breaking: { direction: Direction; point: BreakingPoint; times: number } | undefined;
  #isStalled = false;
  #isRefusing = false;
  #isMute = false;
  #isHeld = false;
  #swallowedBytes = 0;
  #carriedBytes = 0;
  #accepted = 0;
  #broken = 0;

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

  /** How many connections broke at a breaking point so far. */
  get broken(): number {
    return this.#broken;
  }

  /** Bytes of clients that never reached the server. */
  get swallowedBytes(): number {
    let bytes = this.#swallowedBytes;
    for (const { up } of this.#connections) bytes += up.swallowedBytes;
    return bytes;
  }

  /** How many connections are open now; those that died half-open are not. */
  get open(): number {
    return this.#living.length;
  }

  /** Bytes that were passed on so far, in both directions. */
  get carriedBytes(): number {
    let bytes = this.#carriedBytes;
    for (const { up, down } of this.#connections) bytes += up.carriedBytes + down.carriedBytes;
    return bytes;
  }

  /** Bytes on open connections that were taken and have not been passed on yet. */
  get waitingBytes(): number {
    return this.#living.reduce((bytes, { up, down }) => bytes + up.waitingBytes + down.waitingBytes, 0);
  }

  /** Cuts every connection (RST); new ones are taken. */
  cut(): void {
    for (const { client, server } of this.#connections)
      for (const socket of [client, server]) socket.resetAndDestroy();
  }

  /** Cuts every connection, and each new one as soon as it comes, until {@link heal}. */
  refuse(): void {
    this.#isRefusing = true;
    this.cut();
  }

  /** Breaks (FIN) the connections that there are, or come, at a point of one direction, until so many have broken. */
  breakAt(direction: Direction, point: BreakingPoint, times = 1): void {
    this.#breaking = { direction, point, times };
    for (const connection of this.#connections)
      if (!connection.isDead) connection[direction].breakingPoint = point;
  }

  /**
   * Lets the connections that there are die half-open: each end goes on to believe in the other, whatever it sends is
   * swallowed, and that one hung up is not told. New connections are as usual.
   */
  vanish(): void {
    for (const connection of this.#connections) {
      connection.isDead = true;
      connection.up.isMute = connection.down.isMute = true;
    }
  }

  /** Swallows everything in both directions, new connections included, and says nothing. */
  stall(): void {
    this.#isStalled = true;
    this.#applyMutes();
  }

  /** Swallows what clients send; they go on to hear the server. */
  mute(): void {
    this.#isMute = true;
    this.#applyMutes();
  }

  /** Ends what was swallowed for new connections; the old ones, of which something was, are cut. */
  heal(): void {
    this.#isStalled = false;
    this.#isRefusing = false;
    this.#isMute = false;
    this.cut();
  }

  /** Keeps everything waiting, new connections included, until {@link release}: nothing is lost. */
  hold(): void {
    this.#isHeld = true;
    for (const { up, down } of this.#connections) up.isHeld = down.isHeld = true;
  }

  /** Lets everything travel that was held, and goes on as usual. */
  release(): void {
    this.#isHeld = false;
    for (const { up, down } of this.#connections) for (const pipe of [up, down]) pipe.release();
  }

  /** How the road is from now on, in both directions; as usual when nothing is said. */
  shape(conditions: RoadConditions = {}): void {
    this.#setConditions({ up: conditions, down: conditions });
  }

  /** Takes every breaking point back. */
  mend(): void {
    this.#breaking = undefined;
    for (const { up, down } of this.#connections) up.breakingPoint = down.breakingPoint = undefined;
  }

  /** Hands what the server sends to the client in pieces of as many bytes as `pieceBytes` says each time. */
  splitDownstream(pieceBytes: () => number): void {
    this.#setConditions({ up: {}, down: { pieceBytes } });
  }

  /** Cuts everything and stops listening. */
  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #setConditions(conditions: Readonly<Record<Direction, RoadConditions>>): void {
    this.#conditions = conditions;
    for (const connection of this.#connections) {
      connection.up.conditions = conditions.up;
      connection.down.conditions = conditions.down;
    }
  }

  #applyMutes(): void {
    for (const { up, down } of this.#connections) {
      up.isMute ||= this.#isStalled || this.#isMute;
      down.isMute ||= this.#isStalled;
    }
  }

  #accept(client: Socket): void {
    this.#accepted++;
    if (this.#isRefusing) return void client.on("error", () => {}).resetAndDestroy();
    const server = connect(this.#targetPort, "127.0.0.1");
    const onBroken = (): void => this.#onBroken(connection);
    const connection: ProxiedConnection = {
      client,
      server,
      up: new TcpPipe(client, server, onBroken),
      down: new TcpPipe(server, client, onBroken),
      isDead: false,
    };
    this.#connections.add(connection);
    this.#setConditions(this.#conditions);
    this.#applyMutes();
    for (const pipe of [connection.up, connection.down]) pipe.isHeld = this.#isHeld;
    if (this.#breaking) connection[this.#breaking.direction].breakingPoint = this.#breaking.point;
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.setNoDelay(true);
      socket.on("error", () => {}).on("close", () => this.#onClose(connection, other));
    }
  }

  #onClose(connection: ProxiedConnection, other: Socket): void {
    if (other.closed) {
      if (this.#connections.delete(connection)) this.#count(connection);
    }
    // Who is at the other end of a dead line does not hear that this one hung up
    else if (!this.#isStalled && !connection.isDead) other.destroy();
  }

  get #living(): ProxiedConnection[] {
    return [...this.#connections].filter(
      ({ client, server, isDead }) => !isDead && !client.destroyed && !server.destroyed,
    );
  }

  #count({ up, down }: ProxiedConnection): void {
    this.#swallowedBytes += up.swallowedBytes;
    this.#carriedBytes += up.carriedBytes + down.carriedBytes;
  }

  #onBroken({ client, server }: ProxiedConnection): void {
    this.#broken++;
    client.destroy();
    server.destroy();
    const breaking = this.#breaking;
    if (breaking && --breaking.times <= 0) this.mend();
  }
}
