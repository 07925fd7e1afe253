import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/**
 * Opens a component's stream by hand, so that nothing but its socket is between a program and the server.
 *
 * Its text comes as Latin-1, which gives back the bytes as they were. Source: XEP-0114 §3
 */
export async function rawComponent(port: number, domain: string, secret: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1").setNoDelay(true).setEncoding("latin1");
  socket.write(
    `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='${domain}'>`,
  );
  const id = await read(socket, /\bid=['"]([^'"]+)['"]/);
  socket.write(`<handshake>${createHash("sha1").update(`${id}${secret}`).digest("hex")}</handshake>`);
  await read(socket, /<(handshake)\/>/);
  return socket;
}

/** Reads until something has come, and answers the part of it that is in brackets. */
async function read(socket: Socket, pattern: RegExp): Promise<string> {
  let text = "";
  for (;;) {
    const [more] = (await once(socket, "data")) as [string];
    text += more;
    const found = pattern.exec(text)?.[1];
    if (found !== undefined) return found;
  }
}
