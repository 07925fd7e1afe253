import { LinkError, TwotickError } from "../../../src/errors.js";
import { newId } from "../../../src/ids.js";
import type { Jid } from "../../../src/jid.js";
import { NS } from "../../../src/namespaces.js";
import { attribute, type Element, xml } from "../../../src/xml.js";
import { ClientStream } from "../../connection/client-stream.js";
import { bind, logIn } from "../../connection/negotiation.js";
import { resolveOptions } from "../../connection/options.js";
import { ScramPassword } from "../../connection/scram.js";
import { until } from "../world/until.js";
import { within } from "../world/within.js";

/** Where a client of a play connects, and as whom. */
export interface PlayAccount {
  readonly service: string;
  readonly domain: string;
  readonly username: string;
  readonly password: string;
  readonly resource: string | undefined;
}

const LOGIN_WITHIN_MS = 10_000;
const ANSWER_WITHIN_MS = 2_000;
const GOODBYE_WITHIN_MS = 2_000;
const ANSWERED = [NS.discoInfo, NS.receipts, NS.chatMarkers] as const;

/** A client that does what the play says and nothing else; what comes waits in line until the play looks at it. */
export class PlayClient {
  readonly jid: Jid;
  readonly #stream: ClientStream;
  readonly #arrived: Element[] = [];
  readonly #features: readonly string[] | undefined;
  readonly #barriers = new Map<string, () => void>();

  private constructor(stream: ClientStream, jid: Jid, features: readonly string[] | undefined) {
    this.#stream = stream;
    this.jid = jid;
    this.#features = features;
  }

  /**
   * Logs in.
   *
   * @param features what it says that it can do beside receipts and markers; nothing for a client that answers nobody
   * @throws {LinkError}
   */
  static async connect(account: PlayAccount, features?: readonly string[]): Promise<PlayClient> {
    const settings = resolveOptions({ ...account, resource: undefined });
    const stream = new ClientStream(account.domain, {}, () => performance.now());
    const early: Element[] = [];
    const work = logIn(stream, settings, new ScramPassword(account.password)).then(() =>
      bind(stream, account.resource, early),
    );
    try {
      const jid = await within("the login", LOGIN_WITHIN_MS, work);
      const client = new PlayClient(stream, jid, features);
      for (const element of early) client.#take(element);
      stream.readBy({ element: (element) => client.#take(element), refused: () => {} });
      return client;
    } catch (error) {
      stream.end(new LinkError("stopped", "the login failed"));
      throw error;
    }
  }

  /** Sends a stanza; resolves when the server has handled it, so that who sends next comes second. */
  async send(stanza: Element): Promise<void> {
    if (stanza.name === "iq" && attribute(stanza, "id") === undefined) stanza.attrs["id"] = newId();
    await this.#stream.enqueue(stanza.toString());
    await this.#handled();
  }

  /** The next stanza in line. @throws {TwotickError} `timeout` */
  async next(timeoutMs: number): Promise<Element> {
    await until("a stanza", () => this.#arrived.length > 0, timeoutMs);
    return this.#arrived.shift() ?? none();
  }

  /** Waits until the server has ended the session. @throws {TwotickError} `timeout` */
  async loggedOut(timeoutMs: number): Promise<void> {
    await within("the end of the session", timeoutMs, this.#stream.ended);
  }

  /** Ends the session in good order. */
  async disconnect(): Promise<void> {
    await this.#stream.sayGoodbye();
    await within("the goodbye", GOODBYE_WITHIN_MS, this.#stream.ended).catch(() => {});
    this.#stream.end(new LinkError("stopped", "the play is over"));
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.#stream.end(new LinkError("stopped", "the play cut it"));
  }

  /** A ping is answered after all that was sent before it; that it is refused says the same. Source: XEP-0199 §4.2 */
  async #handled(): Promise<void> {
    const id = newId();
    const answered = new Promise<void>((resolve) => this.#barriers.set(id, resolve));
    const ping = xml("ping", { xmlns: NS.ping });
    await this.#stream.enqueue(xml("iq", { type: "get", id, to: this.jid.domain }, ping).toString());
    await Promise.race([within("an answer", ANSWER_WITHIN_MS, answered).catch(() => {}), this.#stream.ended]);
    this.#barriers.delete(id);
  }

  #take(element: Element): void {
    if (!["message", "presence", "iq"].includes(element.name)) return;
    const barrier = this.#barriers.get(attribute(element, "id") ?? "");
    if (barrier) return barrier();
    if (this.#features && this.#answer(element, this.#features)) return;
    this.#arrived.push(element);
  }

  /** What every app answers by itself. Source: XEP-0030 §3.1, XEP-0199 §4.2 */
  #answer(iq: Element, further: readonly string[]): boolean {
    if (iq.name !== "iq" || attribute(iq, "type") !== "get") return false;
    const query = iq.getChild("query", NS.discoInfo);
    const isPing = iq.getChild("ping", NS.ping) !== undefined;
    if (!query && !isPing) return false;
    const head = { type: "result", to: attribute(iq, "from"), id: attribute(iq, "id") };
    const features = [...ANSWERED, ...further].map((name) => xml("feature", { var: name }));
    const identity = xml("identity", { category: "client", type: "pc", name: "play" });
    const described =
      query && xml("query", { xmlns: NS.discoInfo, node: attribute(query, "node") }, identity, ...features);
    void this.#stream.enqueue(xml("iq", head, described).toString());
    return true;
  }
}

function none(): never {
  throw new TwotickError("timeout", "nothing came");
}
