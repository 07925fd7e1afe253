import type { AddressInfo, Socket } from "node:net";
import Fastify, { type FastifyInstance } from "fastify";
import type { Capability } from "../capability.js";
import type { Config } from "../config.js";
import type { Log } from "../log.js";
import type { Metrics } from "../metrics.js";
import { Problem, toProblem } from "./problem.js";

/** Bytes that a request body may have. */
const BODY_LIMIT_BYTES = 4096;
/** How long a whole request may take to arrive. */
const REQUEST_TIMEOUT_MS = 10_000;
/** How long stopping waits for requests under way. */
const DRAIN_MS = 5000;
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** What the HTTP server is made of. */
export interface HttpOptions {
  readonly config: Config["http"];
  /** What has to be true for `/readyz` to say yes, by name. */
  readonly checks: Readonly<Record<string, () => boolean>>;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly capabilities: readonly Capability[];
}

/** The component's HTTP server: sign-up, health and metrics. It logs no request. */
export class HttpServer {
  /** For `inject` in tests and for what a capability adds. */
  readonly fastify: FastifyInstance;
  readonly #options: HttpOptions;

  /** Adds every capability's routes; listens not before {@link start}. */
  constructor(options: HttpOptions) {
    this.#options = options;
    this.fastify = createFastify(options.log);
    refuseOtherMethods(this.fastify, () => {
      addHealth(this.fastify, options);
      for (const capability of options.capabilities) capability.http?.(this.fastify);
    });
  }

  /** Starts to listen. @returns the port @throws when the address cannot be had */
  async start(): Promise<number> {
    const { interface: host, port } = this.#options.config;
    await this.fastify.listen({ host, port });
    return this.port;
  }

  /** The port listened on. */
  get port(): number {
    return (this.fastify.server.address() as AddressInfo).port;
  }

  /** Takes no further connection, lets requests under way finish for some seconds and closes. */
  async stop(): Promise<void> {
    const { server } = this.fastify;
    const deadline = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    try {
      await this.fastify.close();
    } finally {
      clearTimeout(deadline);
    }
  }
}

function createFastify(log: Log): FastifyInstance {
  const fastify = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: 5_000,
    forceCloseConnections: "idle",
    return503OnClosing: false,
    clientErrorHandler: (_error, socket) => refuseMalformed(socket),
    frameworkErrors: (error, _request, reply) => toProblem(error).send(reply as never),
  });
  // What has no body may still say that it is JSON
  fastify.removeContentTypeParser("text/plain");
  fastify.setErrorHandler(async (error, _request, reply) => {
    const problem = toProblem(error);
    if (problem.status >= 500 && !(error instanceof Problem)) {
      const { name, code } = error as { name?: string; code?: string };
      log.error({ error: name, reason: code }, "an HTTP request failed");
    }
    await problem.send(reply);
  });
  fastify.setNotFoundHandler((_request, reply) =>
    new Problem(404, "not-found", "There is nothing at this path").send(reply),
  );
  return fastify;
}

/** Adds routes whose paths answer every other method with 405 and what they allow. Source: RFC 9110 §15.5.6. */
export function refuseOtherMethods(fastify: FastifyInstance, addRoutes: () => void): void {
  const allowed = new Map<string, Set<string>>();
  fastify.addHook("onRoute", ({ url, method }) => {
    const methods = allowed.get(url) ?? new Set();
    for (const one of [method].flat()) methods.add(one);
    allowed.set(url, methods);
  });
  addRoutes();
  for (const [url, methods] of [...allowed].map(([url, set]) => [url, [...set]] as const)) {
    const headers = { allow: methods.join(", ") };
    fastify.route({
      url,
      method: METHODS.filter((method) => !methods.includes(method)),
      // Before the body is read: its type does not matter any more
      onRequest: async (_request, reply) => {
        await new Problem(
          405,
          "method-not-allowed",
          "This path does not take this method",
          `This path takes ${headers.allow}`,
          { headers },
        ).send(reply);
      },
      handler: () => undefined,
    });
  }
}

function addHealth(fastify: FastifyInstance, { checks, metrics }: HttpOptions): void {
  fastify.get("/livez", () => ({ status: "ok" }));
  fastify.get("/readyz", () => {
    const failing = Object.keys(checks).filter((name) => checks[name]?.() !== true);
    if (failing.length === 0) return { status: "ok" };
    throw new Problem(503, "not-ready", "Not ready", `Not ready: ${failing.join(", ")}`, {
      extra: { failing },
    });
  });
  fastify.get("/metrics", async (_request, reply) => {
    // What cannot be read now keeps its last value; a store that broke is for /readyz to tell
    await Promise.allSettled(metrics.refreshers.map((refresh) => refresh()));
    void reply.type(metrics.registry.contentType);
    return metrics.registry.metrics();
  });
}

// What is not even HTTP
function refuseMalformed(socket: Socket): void {
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify(new Problem(400, "bad-request", "The request is not HTTP"));
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
