import { InvalidInput } from "../../../src/errors.js";
import { durationMs } from "../duration.js";
import { TcpProxy } from "./tcp-proxy.js";

/** What may be done to a link. */
export type LinkChange =
  | { readonly how: "cut" | "drop" | "silence" | "hold" | "heal" }
  | { readonly how: "delay"; readonly ms: number }
  | { readonly how: "throttle"; readonly bytesPerSecond: number };

/**
 * A connection of the world that goes through a proxy of its own, so that a test can do to it what networks do.
 *
 * What was done stays until {@link WorldLink.heal}, for connections that come later too.
 */
export class WorldLink {
  /** Whose it is: `romeo/phone`, or `component`. */
  readonly name: string;
  readonly #proxy: TcpProxy;
  readonly #note: (change: LinkChange) => void;
  #isHarmed = false;

  private constructor(name: string, proxy: TcpProxy, note: (change: LinkChange) => void) {
    this.name = name;
    this.#proxy = proxy;
    this.#note = note;
  }

  /** Opens a link to a port of this machine. @param note called with what is done to it */
  static async open(
    name: string,
    targetPort: number,
    note: (change: LinkChange) => void = () => {},
  ): Promise<WorldLink> {
    return new WorldLink(name, await TcpProxy.start(targetPort), note);
  }

  /** The port that this end connects to. */
  get port(): number {
    return this.#proxy.port;
  }

  /** The same as a client wants it: `xmpp://127.0.0.1:PORT`. */
  get service(): string {
    return this.#proxy.service;
  }

  /** How many connections there were so far. */
  get connections(): number {
    return this.#proxy.accepted;
  }

  /** Cuts the link, so that both ends notice; nothing comes through until it is healed. */
  cut(): void {
    this.apply({ how: "cut" });
  }

  /** Cuts the connection once, so that both ends notice; the next one works. */
  drop(): void {
    this.apply({ how: "drop" });
  }

  /** Swallows everything and lets nobody notice, as when somebody walks out of reach, until it is healed. */
  silence(): void {
    this.apply({ how: "silence" });
  }

  /** Keeps everything waiting, and loses nothing, until it is healed. */
  hold(): void {
    this.apply({ how: "hold" });
  }

  /** Has everything be so long on the way, in both directions. @param delay milliseconds, or a text such as `300ms` */
  delay(delay: number | string): void {
    this.apply({ how: "delay", ms: durationMs(delay) });
  }

  /** Lets so many bytes through a second, in each direction. */
  throttle(bytesPerSecond: number): void {
    this.apply({ how: "throttle", bytesPerSecond });
  }

  /** Makes it sound again. What waited goes on; connections of which something was lost are cut. */
  heal(): void {
    this.apply({ how: "heal" });
  }

  /** Does one of these things. @throws {InvalidInput} for a throttle to nothing */
  apply(change: LinkChange): void {
    if (change.how === "throttle" && !(change.bytesPerSecond >= 1))
      throw new InvalidInput("a throttled link lets a byte a second through at least");
    this.#note(change);
    if (change.how === "delay") this.#proxy.shape({ delayMs: change.ms });
    else if (change.how === "throttle") this.#proxy.shape({ bytesPerSecond: change.bytesPerSecond });
    else if (change.how === "heal") this.#heal();
    else this.#harm(change.how);
  }

  /** Ends it. */
  async close(): Promise<void> {
    await this.#proxy.close();
  }

  #harm(how: "cut" | "drop" | "silence" | "hold"): void {
    if (how === "hold") return this.#proxy.hold();
    if (how === "drop") return this.#proxy.cut();
    this.#isHarmed = true;
    if (how === "silence") this.#proxy.stall();
    else this.#proxy.refuse();
  }

  #heal(): void {
    this.#proxy.shape();
    this.#proxy.release();
    if (this.#isHarmed) this.#proxy.heal();
    this.#isHarmed = false;
  }
}
