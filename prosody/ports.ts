import { randomInt } from "node:crypto";
import { connect, createServer } from "node:net";
import { TwotickError } from "../src/errors.js";

// Below the range from which systems take the ports of outgoing connections (32768 and up on Linux): a client
// that keeps dialling a port of that range while the server is away can end up connected to itself.
const LOWEST = 15_000;
const HIGHEST = 32_000;

/** Finds a TCP port that nobody listens on. @throws {TwotickError} `port-taken` when 50 draws found none. */
export async function freePort(address = "127.0.0.1"): Promise<number> {
  for (let draw = 0; draw < 50; draw++) {
    const port = randomInt(LOWEST, HIGHEST);
    if (await isFree(port, address)) return port;
  }
  throw new TwotickError("port-taken", "found no free TCP port");
}

/** Makes sure that nobody listens on a port. @throws {TwotickError} `port-taken`, naming it. */
export async function requireFreePort(port: number, address: string, purpose: string): Promise<void> {
  if (await isFree(port, address)) return;
  throw new TwotickError(
    "port-taken",
    `port ${port} on ${address} (${purpose}) is in use; choose another one`,
  );
}

/** Whether something accepts connections on a port. */
export function isListening(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: address });
    const answer = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once("connect", () => answer(true));
    socket.once("error", () => answer(false));
  });
}

function isFree(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: address }, () => server.close(() => resolve(true)));
  });
}
