import { spawnSync } from "node:child_process";

// RFC 2544: addresses for tests of networks, which no real one uses
const PREFIX = "198.18";
let made = 0;

function ip(...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync("ip", args, { encoding: "utf8" });
  if (error) throw error;
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr.trim()}`);
}

/** A network of its own for processes, linked with that of the test by a cable that can be pulled. Needs root. */
export class NetworkNamespace {
  readonly name: string;
  /** The address that the test's network has on the cable. */
  readonly outside: string;
  /** The address that the processes inside have. */
  readonly inside: string;
  readonly #cable: string;

  private constructor() {
    const id = `${process.pid.toString(36)}${made}`;
    const subnet = (process.pid * 4 + made) % 250;
    made += 1;
    this.name = `twotick-${id}`;
    this.#cable = `tt${id}`;
    this.outside = `${PREFIX}.${subnet}.1`;
    this.inside = `${PREFIX}.${subnet}.2`;
  }

  /** Why there can be none on this machine for this user; nothing when there can. */
  static whyNot(): string | undefined {
    try {
      NetworkNamespace.make().remove();
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** Makes one and plugs its cable in. */
  static make(): NetworkNamespace {
    const namespace = new NetworkNamespace();
    const { name, outside, inside } = namespace;
    const [near, far] = [namespace.#cable, `${namespace.#cable}i`];
    ip("netns", "add", name);
    try {
      ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name);
      ip("address", "add", `${outside}/30`, "dev", near);
      ip("link", "set", near, "up");
      ip("-n", name, "address", "add", `${inside}/30`, "dev", far);
      ip("-n", name, "link", "set", far, "up");
      ip("-n", name, "link", "set", "lo", "up");
    } catch (error) {
      namespace.remove();
      throw error;
    }
    return namespace;
  }

  /** What goes before a command that is to run inside. */
  get runner(): readonly string[] {
    return ["ip", "netns", "exec", this.name];
  }

  /** Pulls the cable: nobody is told, and what is sent is gone. */
  pull(): void {
    ip("-n", this.name, "link", "set", `${this.#cable}i`, "down");
  }

  /** Plugs it in again. */
  plug(): void {
    ip("-n", this.name, "link", "set", `${this.#cable}i`, "up");
  }

  /** Removes it and its cable; what runs inside keeps what it has until it ends. */
  remove(): void {
    spawnSync("ip", ["link", "del", this.#cable]);
    spawnSync("ip", ["netns", "del", this.name]);
  }
}
