import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { until } from "../../support/until.js";
import type {
  Heard,
  HeardMessage,
  HeardPresence,
  HeardProfile,
  HeardRequest,
  HeardSession,
  HeardSuggestion,
} from "./heard.js";

/** The distribution's own Python, because its packages are for no other. */
const PYTHON = "/usr/bin/python3";
/** Run with -B, so that nothing is written beside it. */
const PROGRAM = fileURLToPath(new URL("app.py", import.meta.url));
const DEADLINE_MS = 20_000;
const MOST_COMPLAINT = 2000;

type Answer = { readonly n: number } & (
  | { readonly answer: unknown }
  | { readonly refused: string; readonly text: string; readonly applications: readonly string[] }
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
  /** Whether it gives receipts (unless told otherwise), says so and gives none, or knows nothing of them. */
  readonly receipts?: "given" | "announced" | "none";
  /** Whether it says that it takes suggestions. */
  readonly takesSuggestions?: boolean;
  /** Whether its program ends when it has read a message, before it reads what comes behind it. */
  readonly diesOfMessages?: boolean;
}

/** A request of the app was answered with an error; its message is the condition. */
export class Refused extends Error {
  readonly condition: string;
  /** What the application says of it besides. Source: RFC 6120 §8.3.4 */
  readonly applications: readonly string[];

  constructor(condition: string, text: string, applications: readonly string[]) {
    super(`${condition}: ${text}`);
    this.condition = condition;
    this.applications = applications;
  }
}

/** The refusal of something that is refused. @throws what else came of it */
export async function refusal(work: Promise<unknown>): Promise<Refused> {
  return work.then(
    () => {
      throw new Error("nothing was refused");
    },
    (error: unknown) => {
      if (error instanceof Refused) return error;
      throw error;
    },
  );
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
  /** Its full JID. */
  jid = "";
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
    const { resource = "phone", receipts = "given" } = options;
    try {
      app.jid = await app.ask<string>("log_in", {
        jid: `${account.username}@${account.domain}/${resource}`,
        password: account.password,
        host: hostname,
        port: Number(port),
        receipts,
        takes_suggestions: options.takesSuggestions ?? false,
        dies_of_messages: options.diesOfMessages ?? false,
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
    if ("refused" in answer) throw new Refused(answer.refused, answer.text, answer.applications);
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

  /** What was asked of the app. */
  get requests(): HeardRequest[] {
    return this.heard.filter((one) => one.event === "request");
  }

  get sessions(): HeardSession[] {
    return this.heard.filter((one) => one.event === "session");
  }

  get suggestions(): HeardSuggestion[] {
    return this.heard.filter((one) => one.event === "suggestion");
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

  /** Waits for a step of a session and answers it. */
  async session(sid: string, action: string): Promise<HeardSession> {
    const find = (): HeardSession | undefined =>
      this.sessions.find((one) => one.sid === sid && one.action === action);
    await until(`${action} of ${sid}`, () => find() !== undefined, DEADLINE_MS);
    return find() as HeardSession;
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

  /** Waits until the program has ended by itself. */
  async died(): Promise<void> {
    await until("the app dies", () => this.#process.exitCode !== null, DEADLINE_MS);
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
