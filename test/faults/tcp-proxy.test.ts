import { expect } from "chai";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { TcpProxy } from "../support/tcp-proxy.js";
import { until } from "../support/until.js";

describe("TcpProxy", () => {
  let server: Server;
  let proxy: TcpProxy;
  /** What arrived at the server, and whether its connection ended. */
  let arrived: Buffer;
  let hasEnded: boolean;
  let pieces: number;
  let atServer: Socket;
  let client: Socket;

  beforeEach(async () => {
    [arrived, hasEnded, pieces] = [Buffer.alloc(0), false, 0];
    server = createServer((socket) => {
      atServer = socket;
      socket.on("data", (data) => {
        arrived = Buffer.concat([arrived, data]);
        pieces += 1;
      });
      socket.on("error", () => {}).on("close", () => (hasEnded = true));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    proxy = await TcpProxy.start((server.address() as AddressInfo).port);
    client = connect(proxy.port, "127.0.0.1").on("error", () => {});
    client.write("hello ");
    await until("hello", () => arrived.length === 6);
  });
  afterEach(async () => {
    client.destroy();
    atServer.destroy();
    await proxy.close();
    server.close();
  });

  it("breaks a connection after so many bytes", async () => {
    proxy.breakAt("up", { afterBytes: 3 });
    client.write("world");
    await until("the end", () => hasEnded);
    expect(arrived.toString()).to.equal("hello wor");
    expect(proxy.broken).to.equal(1);
  });

  it("breaks a connection inside the first character of several bytes that comes after so many", async () => {
    proxy.breakAt("up", { afterBytes: 2, isInsideCharacter: true });
    client.write("ñ a🙂b");
    await until("the end", () => hasEnded);
    expect(arrived).to.deep.equal(Buffer.concat([Buffer.from("hello ñ a"), Buffer.from([0xf0])]));
  });

  it("lets a connection die half-open: neither end hears anything, and new ones are as usual", async () => {
    expect(proxy.open).to.equal(1);
    proxy.vanish();
    expect(proxy.open).to.equal(0);
    client.write("lost");
    await until("it was swallowed", () => proxy.swallowedBytes === 4);
    client.destroy();
    const next = connect(proxy.port, "127.0.0.1");
    const [old] = [atServer];
    next.write("again");
    await until("what the next one says", () => arrived.toString() === "hello again");
    expect([old.destroyed, hasEnded]).to.deep.equal([false, false]);
    next.destroy();
    old.destroy();
  });

  it("holds everything up and loses nothing of it", async () => {
    proxy.hold();
    client.write("a");
    const next = connect(proxy.port, "127.0.0.1");
    next.write("b");
    await once(next, "connect");
    await until("both are taken", () => proxy.waitingBytes === 2);
    expect(arrived.toString()).to.equal("hello ");
    expect([proxy.open, proxy.carriedBytes]).to.deep.equal([2, 6]);
    proxy.release();
    await until("both", () => arrived.length === 8);
    expect([proxy.waitingBytes, proxy.carriedBytes]).to.deep.equal([0, 8]);
    next.destroy();
  });

  it("delivers late, slowly and in pieces, in order", async () => {
    const startedAt = performance.now();
    proxy.shape({ delayMs: 60 });
    client.write("late ");
    await until("what is late", () => arrived.length === 11);
    expect(performance.now() - startedAt).to.be.at.least(59);
    proxy.shape({ bytesPerSecond: 1_000 });
    const slowAt = performance.now();
    client.write(Buffer.alloc(200, "s"));
    await until("what is slow", () => arrived.length === 211);
    // The last piece waits for nothing
    expect(performance.now() - slowAt).to.be.at.least(145);
    pieces = 0;
    proxy.shape({ pieceBytes: () => 1 });
    client.write("piece");
    await until("the pieces", () => arrived.length === 216);
    expect(pieces).to.be.above(1);
    expect(arrived.toString()).to.equal(`hello late ${"s".repeat(200)}piece`);
  });

  it("resets connections, and takes new ones", async () => {
    proxy.cut();
    await until("the end", () => hasEnded && client.destroyed);
    const next = connect(proxy.port, "127.0.0.1");
    next.write("again");
    await until("what the next one says", () => arrived.toString() === "hello again");
    next.destroy();
  });
});
