// A component (XEP-0114) that does nothing: each message goes on at once, under the address that its sender has here.
// It keeps nothing, checks nothing and reads no XML but the tag that a message begins with.
import { rawComponent } from "./raw-component.js";

const [port, domain = "", host = "", resource = "", secret = ""] = process.argv.slice(2);
const END = "</message>";
const START = /<message\b[^>]*>/g;

const socket = await rawComponent(Number(port), domain, secret);
let rest = "";
socket.on("data", (text: string) => {
  rest += text;
  const end = rest.lastIndexOf(END) + END.length;
  if (end < END.length) return;
  socket.write(rest.slice(0, end).replace(START, readdress), "latin1");
  rest = rest.slice(end);
});
socket.on("close", () => process.exit(0));
process.stdout.write("ready\n");

function readdress(tag: string): string {
  return tag
    .replace(`@${host}/${resource}`, `@${domain}`)
    .replace(/(\sto=['"][^@'"]+)@[^'"]+/, `$1@${host}/${resource}`);
}
