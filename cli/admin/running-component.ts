import { closeSync, openSync, writeSync } from "node:fs";
import { adminToken } from "../../component/http/admin-token.js";
import type { Config } from "../../component/config.js";
import type { Vault } from "../../component/store/vault.js";
import { TwotickError } from "../../src/errors.js";

/** The running component did not do what it was asked: `not-running`, `refused`. Its text says why. */
export class AdminError extends TwotickError {}

/** Asks the component that runs by a configuration. */
export class RunningComponent {
  readonly #base: string;
  readonly #authorization: string;

  constructor({ http }: Config, vault: Vault) {
    if (http.port === 0) throw new AdminError("not-running", "http.port is 0: nobody knows where it listens");
    const host = ANY_ADDRESS.has(http.interface) ? "127.0.0.1" : http.interface;
    this.#base = `http://${host.includes(":") ? `[${host}]` : host}:${http.port}/admin/v1/`;
    this.#authorization = `Bearer ${adminToken(vault)}`;
  }

  /** Asks and waits for the answer. @throws {AdminError} */
  async ask(method: "GET" | "POST", path: string, content?: object): Promise<Response> {
    const headers: Record<string, string> = { authorization: this.#authorization };
    if (content) headers["content-type"] = "application/json";
    const body = content ? { body: JSON.stringify(content) } : {};
    let response: Response;
    try {
      response = await fetch(new URL(path, this.#base), { method, headers, ...body });
    } catch (error) {
      throw new AdminError("not-running", `nobody answers at ${this.#base}: does the component run?`, error);
    }
    if (response.ok) return response;
    const problem = (await response.json().catch(() => ({}))) as { detail?: string };
    throw new AdminError("refused", problem.detail ?? `the component answered ${response.status}`);
  }

  /** Asks and reads the answer. @throws {AdminError} */
  async read<Answer>(method: "GET" | "POST", path: string, content?: object): Promise<Answer> {
    const response = await this.ask(method, path, content);
    return (await response.json()) as Answer;
  }

  /**
   * Asks and writes the answer into a new file that nobody else may read.
   *
   * @param onWritten is told how many bytes there are by now @returns how many there are in all @throws {AdminError}
   */
  async save(
    path: string,
    content: object,
    file: string,
    onWritten: (bytes: number) => void,
  ): Promise<number> {
    const response = await this.ask("POST", path, content);
    const target = openNew(file);
    let bytes = 0;
    try {
      for await (const chunk of response.body ?? []) {
        bytes += writeSync(target, chunk as Uint8Array);
        onWritten(bytes);
      }
    } finally {
      closeSync(target);
    }
    return bytes;
  }
}

const ANY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

function openNew(file: string): number {
  try {
    return openSync(file, "wx", 0o600);
  } catch (error) {
    throw new AdminError("refused", `${file} cannot be made: ${(error as Error).message}`, error);
  }
}
