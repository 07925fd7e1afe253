import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { until } from "../../support/until.js";

/** The distribution's own Python, because its packages are for no other. */
const PYTHON = "/usr/bin/python3";
/** Run with -B, so that nothing is written beside it. */
const PROGRAM = fileURLToPath(new URL("app.py", import.meta.url));
const DEADLINE_MS = 20_000;
const MOST_COMPLAINT = 2000;

/** A message as slixmpp read it; what it does not have is absent. */
export interface HeardMessage {
  readonly event: "message";
  readonly from: string;
  readonly type: string;
  readonly id: string;
  readonly body?: string;
  /** The id that a receipt is for. Source: XEP-0184 §5.3 */
  readonly receipt?: string;
  readonly asksForReceipt: boolean;
  readonly isMarkable: boolean;
  /** The id that a displayed marker is for. Source: XEP-0333 §4 */
  readonly displayed?: string;
  readonly originId?: string;
  /** The stamp of its delay, ISO 8601. Source: XEP-0203 §4 */
  readonly sentAt?: string;
  readonly replaces?: string;
  readonly repliesTo?: string;
  readonly reactions?: { readonly to: string; readonly values: readonly string[] };
  readonly state?: string;
  /** Call messages by kind, with the id of the call. Source: XEP-0353 §3 */
  readonly calls: Readonly<Record<string, string>>;
  /** What another app of the account sent or got; an empty body for what has none. Source: XEP-0280 §5 */
  readonly carbon?: { readonly kind: "sent" | "received"; readonly body: string };
  /** Of an error. */
  readonly condition?: string;
}

/** A presence as slixmpp read it. */
export interface HeardPresence {
  readonly event: "presence";
  readonly from: string;
  readonly type: string;
  readonly status: string;
  /** Since when nobody has done anything; null for nothing said. Source: XEP-0319 §3 */
  readonly idleSince: string | null;
  /** Node and hash of the caps; null for none. Source: XEP-0115 §4 */
  readonly caps: string | null;
}

/** What a contact's name or pictures are now, as slixmpp read it in an event. Source: XEP-0163 §4.3 */
export interface HeardProfile {
  readonly event: "profile";
  readonly from: string;
  readonly type: string;
  /** Of an event about the name. Source: XEP-0172 §4.3 */
  readonly nick?: string;
  /** The ids of the pictures, of an event about them. Source: XEP-0084 §4.2 */
  readonly pictures?: readonly string[];
}

type Heard = HeardMessage | HeardPresence | HeardProfile;

type Answer = { readonly n: number } & (
  | { readonly answer: unknown }
  | { readonly refused: string; readonly text: string }
  | { readonly failed: string }
);

/** Who an app logs in as. */
export interface SlixmppAccount {
  /** As `xmpp://127.0.0.1:PORT`. */
  readonly service: string;
  readonly domain: string;
  readonly username: string;
  readonly password: string;
}

/** What is different about an app. */
export interface SlixmppOptions {
  /** `phone` unless given. */
  readonly resource?: string;
  /** Whether it gives the receipts that it is asked for. */
  readonly givesReceipts?: boolean;
}

/** A request of the app was answered with an error; its message is the condition. */
export class Refused extends Error {
  readonly condition: string;

  constructor(condition: string, text: string) {
    super(`${condition}: ${text}`);
    this.condition = condition;
  }
}

/** @throws Error that names the package when the library is missing */
export function requireSlixmpp(): void {
  try {
    execFileSync(PYTHON, ["-c", "import slixmpp"], { stdio: "pipe" });
  } catch (cause) {
    throw new Error("slixmpp cannot be found; it takes: apt-get install python3-slixmpp", { cause });
  }
}

/** An ordinary app over slixmpp, in a process of its own. */
export class SlixmppApp {
  /** Everything that arrived, in order. */
  readonly heard: Heard[] = [];
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, (answer: Answer | Error) => void>();
  #complaint = "";
  #last = 0;

  private constructor() {
    this.#process = spawn(PYTHON, ["-B", PROGRAM], { stdio: ["pipe", "pipe", "pipe"] });
    createInterface({ input: this.#process.stdout }).on("line", (line) => this.#take(line));
    this.#process.stderr
      .setEncoding("utf8")
      .on("data", (words: string) => (this.#complaint = `${this.#complaint}${words}`.slice(-MOST_COMPLAINT)));
    this.#process.stdin.on("error", () => undefined);
    const ended = (): void => this.#fail(`the app's program has ended: ${this.#complaint}`);
    this.#process.on("error", ended);
    this.#process.on("close", ended);
  }

  /** Starts the program, logs in and says that it is there. */
  static async online(account: SlixmppAccount, options: SlixmppOptions = {}): Promise<SlixmppApp> {
    const app = new SlixmppApp();
    const { hostname, port } = new URL(account.service);
    const { resource = "phone", givesReceipts = true } = options;
    try {
      await app.ask("log_in", {
        jid: `${account.username}@${account.domain}/${resource}`,
        password: account.password,
        host: hostname,
        port: Number(port),
        gives_receipts: givesReceipts,
      });
    } catch (error) {
      await app.kill();
      throw error;
    }
    return app;
  }

  /** Has the app do something and answers what came of it. @throws {Refused} */
  async ask<Result = undefined>(what: string, args: Record<string, unknown> = {}): Promise<Result> {
    const n = ++this.#last;
    const answered = new Promise<Answer | Error>((resolve) => {
      const timer = setTimeout(
        () => resolve(new Error(`no answer to ${what}: ${this.#complaint}`)),
        DEADLINE_MS,
      );
      this.#waiting.set(n, (answer) => {
        clearTimeout(timer);
        this.#waiting.delete(n);
        resolve(answer);
      });
    });
    this.#process.stdin.write(`${JSON.stringify({ n, do: what, with: args })}\n`);
    const answer = await answered;
    if (answer instanceof Error) throw answer;
    if ("refused" in answer) throw new Refused(answer.refused, answer.text);
    if ("failed" in answer) throw new Error(`${what}: ${answer.failed} ${this.#complaint}`);
    return answer.answer as Result;
  }

  /** Sends a text, and answers its id. */
  async say(to: string, text: string, more: Record<string, unknown> = {}): Promise<string> {
    return this.ask<string>("say", { to, text, ...more });
  }

  get messages(): HeardMessage[] {
    return this.heard.filter((one) => one.event === "message");
  }

  get presences(): HeardPresence[] {
    return this.heard.filter((one) => one.event === "presence");
  }

  /** What was told of the names and pictures of others. */
  get profiles(): HeardProfile[] {
    return this.heard.filter((one) => one.event === "profile");
  }

  /** The texts that came from others. */
  get texts(): string[] {
    return this.messages.flatMap(({ body, type }) => (body === undefined || type === "error" ? [] : [body]));
  }

  /** Waits for a message and answers it. */
  async message(what: string, matches: (message: HeardMessage) => boolean): Promise<HeardMessage> {
    await until(what, () => this.messages.some(matches), DEADLINE_MS);
    return this.messages.find(matches) as HeardMessage;
  }

  /** Waits for a text. */
  async hears(text: string): Promise<HeardMessage> {
    return this.message(`"${text}"`, ({ body }) => body === text);
  }

  /** Waits for a presence from an address (bare) and answers it. */
  async sees(
    what: string,
    from: string,
    matches: (presence: HeardPresence) => boolean,
  ): Promise<HeardPresence> {
    const find = (): HeardPresence | undefined =>
      this.presences.find((one) => one.from.split("/")[0] === from && matches(one));
    await until(what, () => find() !== undefined, DEADLINE_MS);
    return find() as HeardPresence;
  }

  /** Waits until an address (bare) shows itself by this name, and answers what told so. */
  async knows(from: string, nick: string): Promise<HeardProfile> {
    const find = (): HeardProfile | undefined =>
      this.profiles.find((one) => one.from === from && one.nick === nick);
    await until(`the name ${nick}`, () => find() !== undefined, DEADLINE_MS);
    return find() as HeardProfile;
  }

  /** Logs out as an app does that is closed. */
  async close(): Promise<void> {
    await this.ask("log_out");
    await this.kill();
  }

  /** Ends the program at once. */
  async kill(): Promise<void> {
    if (this.#process.pid === undefined) return;
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
  }

  #take(line: string): void {
    const told = JSON.parse(line) as Answer | Heard;
    if ("event" in told) this.heard.push(told);
    else this.#waiting.get(told.n)?.(told);
  }

  #fail(why: string): void {
    for (const settle of this.#waiting.values()) settle(new Error(why));
  }
}
