// A component (XEP-0114) that does nothing: each message goes on at once, under the address that its sender has here.
// It keeps nothing, checks nothing and reads no XML but the tag that a message begins with.
import { createHash } from "node:crypto";
import { connect } from "node:net";

const [port, domain = "", host = "", resource = "", secret = ""] = process.argv.slice(2);
const END = "</message>";
const START = /<message\b[^>]*>/g;

const socket = connect(Number(port), "127.0.0.1").setNoDelay(true).setEncoding("latin1");
socket.write(
  `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='${domain}'>`,
);
let rest = "";
let isOpen = false;
socket.on("data", (text: string) => {
  rest += text;
  if (!isOpen) shakeHands();
  const end = rest.lastIndexOf(END) + END.length;
  if (end < END.length) return;
  socket.write(rest.slice(0, end).replace(START, readdress), "latin1");
  rest = rest.slice(end);
});
socket.on("close", () => process.exit(0));

function shakeHands(): void {
  const id = /\bid=['"]([^'"]+)['"]/.exec(rest)?.[1];
  if (rest.includes("<handshake/>")) {
    isOpen = true;
    rest = rest.slice(rest.indexOf("<handshake/>") + "<handshake/>".length);
    process.stdout.write("ready\n");
  } else if (id !== undefined) {
    rest = "";
    socket.write(`<handshake>${createHash("sha1").update(`${id}${secret}`).digest("hex")}</handshake>`);
  }
}

function readdress(tag: string): string {
  return tag
    .replace(`@${host}/${resource}`, `@${domain}`)
    .replace(/(\sto=['"][^@'"]+)@[^'"]+/, `$1@${host}/${resource}`);
}
