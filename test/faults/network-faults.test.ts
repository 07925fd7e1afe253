import { expect } from "chai";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { TcpProxy } from "../support/tcp-proxy.js";
import { until } from "../support/until.js";
import { NETWORK_FAULTS } from "./network-faults.js";

const TALK_EVERY_MS = 5;
/** The least of everything that a fault may choose. */
const least = (): number => 0;

describe("NETWORK_FAULTS", () => {
  let server: Server;
  let port: number;

  before(async () => {
    server = createServer((socket) => socket.on("error", () => {}).pipe(socket)).listen(0, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  });
  after(() => server.close());

  for (const fault of NETWORK_FAULTS) {
    it(`says whether it hit anything: ${fault.name}`, async function () {
      this.timeout(10_000);
      const [idle, busy, half] = [
        await TcpProxy.start(port),
        await TcpProxy.start(port),
        await TcpProxy.start(port),
      ];
      const clients = [busy, half].map((proxy) => connect(proxy.port, "127.0.0.1").on("error", () => {}));
      const talk = setInterval(() => clients[0]?.write("ñ"), TALK_EVERY_MS);
      await until("the connections are open", () => busy.open === 1 && half.open === 1);
      // One that died earlier is nothing to hit
      half.vanish();
      const hits = await Promise.all(
        [[idle], [half], [idle, busy]].map((proxies) => fault.strike(proxies, least)),
      );
      expect(hits).to.deep.equal([false, false, true]);
      clearInterval(talk);
      for (const client of clients) client.destroy();
      for (const proxy of [idle, busy, half]) await proxy.close();
    });
  }
});
