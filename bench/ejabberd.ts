import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../prosody/prosody.js";
import { MORTAL } from "../test/support/mortal.js";
import { temporaryFolder } from "../test/support/temporary-folder.js";
import { PASSWORD } from "../test/support/world.js";
import type { Host, Login } from "./hosts.js";

const HOST = "example.org";
const CONTROL = "/usr/sbin/ejabberdctl";
const START_WITHIN_MS = 30_000;

/** A private ejabberd (Debian's package) on free loopback ports: no limits on rate or offline messages, no TLS. */
export class Ejabberd implements Host {
  readonly clientPort: number;
  readonly #httpPort: number;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, ports: readonly [number, number], child: ChildProcess) {
    this.#folder = folder;
    [this.clientPort, this.#httpPort] = ports;
    this.#child = child;
  }

  /** Starts one and waits until it answers. @param isManaged with stream management (XEP-0198) */
  static async start(isManaged: boolean): Promise<Ejabberd> {
    const folder = temporaryFolder();
    const ports = [await freePort("127.0.0.1"), await freePort("127.0.0.1")] as const;
    const config = join(folder, "ejabberd.yml");
    writeFileSync(config, configuration(ports, isManaged));
    // As ejabberdctl does, but as a node of its own that no other process can reach: no name, no epmd
    const erlang = ["erl", "-noinput", "+K", "true", "-mnesia", "dir", `"${join(folder, "mnesia")}"`];
    const [program, ...args] = [...MORTAL, ...erlang, "-s", "ejabberd"];
    const child = spawn(program, args, {
      stdio: "ignore",
      cwd: folder,
      env: {
        ...process.env,
        HOME: folder,
        ERL_LIBS: libraries(),
        EJABBERD_CONFIG_PATH: config,
        EJABBERD_LOG_PATH: join(folder, "ejabberd.log"),
      },
    });
    const server = new Ejabberd(folder, ports, child);
    await server.#ready();
    return server;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Makes an account. */
  async account(username: string): Promise<Login> {
    await this.#call("register", { user: username, host: HOST, password: PASSWORD });
    return { service: `xmpp://127.0.0.1:${this.clientPort}`, domain: HOST, username, password: PASSWORD };
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    const deadline = performance.now() + START_WITHIN_MS;
    while (
      !(await this.#call("status", {}).then(
        () => true,
        () => false,
      ))
    ) {
      if (this.#child.exitCode !== null || performance.now() > deadline)
        throw new Error(`ejabberd did not start; its log is in ${this.#folder}`);
      await sleep(50);
    }
  }

  async #call(command: string, args: object): Promise<void> {
    const url = `http://127.0.0.1:${this.#httpPort}/api/${command}`;
    const answer = await fetch(url, { method: "POST", body: JSON.stringify(args) });
    if (!answer.ok) throw new Error(`ejabberd refused ${command}: ${await answer.text()}`);
  }
}

/** Where the distribution keeps the libraries, as its own script says. */
function libraries(): string {
  const script = existsSync(CONTROL) ? readFileSync(CONTROL, "utf8") : "";
  const folder = /^ERL_LIBS='(.+)'$/m.exec(script)?.[1];
  if (folder === undefined) throw new Error('ejabberd is not installed: install the package "ejabberd"');
  return folder;
}

function configuration([clientPort, httpPort]: readonly [number, number], isManaged: boolean): string {
  return `
hosts: ["${HOST}"]
loglevel: warning
log_rotate_count: 0
auth_password_format: scram
listen:
  - { port: ${clientPort}, ip: "127.0.0.1", module: ejabberd_c2s, shaper: none, max_stanza_size: 1048576, backlog: 1024 }
  - { port: ${httpPort}, ip: "127.0.0.1", module: ejabberd_http, request_handlers: { /api: mod_http_api } }
api_permissions:
  everything from here: { who: { ip: 127.0.0.1/8 }, what: "*" }
shaper_rules: { max_user_offline_messages: { infinity: all } }
modules:
  mod_admin_extra: {}
  mod_disco: {}
  mod_http_api: {}
  mod_offline: {}
  mod_ping: {}
  mod_roster: {}
${isManaged ? "  mod_stream_mgmt: { max_ack_queue: infinity }" : ""}
`;
}
