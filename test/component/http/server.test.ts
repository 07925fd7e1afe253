import { connect } from "node:net";
import { expect } from "chai";
import type { Capability } from "../../../component/capability.js";
import { Problem } from "../../../component/http/problem.js";
import { HttpServer } from "../../../component/http/server.js";
import { createLog } from "../../../component/log.js";
import { createMetrics } from "../../../component/metrics.js";
import { StorageError } from "../../../src/errors.js";
import { until } from "../../support/until.js";

describe("HttpServer", () => {
  let isReady = true;
  let lines: string[] = [];
  let release: (() => void) | undefined;
  let server: HttpServer;
  let base: string;

  const capability: Capability = {
    http(fastify) {
      fastify.post("/echo/:id", (request) => ({ body: request.body }));
      fastify.get("/crash", () => {
        throw new Error("the secret inside is +15551230001");
      });
      fastify.get("/full", () => {
        throw new StorageError("disk-full", "database or disk is full");
      });
      fastify.get("/wait", async () => {
        await new Promise<void>((resolve) => (release = resolve));
        return { done: true };
      });
      fastify.get("/problem", () => {
        throw new Problem(429, "slow-down", "Slow down", "You asked often", {
          retryAfterSeconds: 1.2,
          extra: { limit: "x" },
        });
      });
    },
  };

  beforeEach(async () => {
    isReady = true;
    lines = [];
    server = new HttpServer({
      config: { interface: "127.0.0.1", port: 0, trustedProxies: [] },
      checks: { link: () => isReady, store: () => true },
      metrics: createMetrics(),
      log: createLog("debug", { write: (line) => void lines.push(line) }),
      capabilities: [capability],
    });
    base = `http://127.0.0.1:${await server.start()}`;
  });
  afterEach(() => server.stop());

  const post = (body: string, headers: Record<string, string> = { "content-type": "application/json" }) =>
    fetch(`${base}/echo/1`, { method: "POST", body, headers });
  const expectProblem = async (response: Response, status: number, code: string): Promise<void> => {
    expect(response.status).to.equal(status);
    expect(response.headers.get("content-type")).to.match(/^application\/problem\+json/);
    const body = (await response.json()) as Record<string, unknown>;
    expect(body).to.include({ type: `urn:twotick:problem:${code}`, status });
    expect(body["title"]).to.be.a("string");
    expect(body["detail"]).to.be.a("string");
  };

  it("lives", async () => expect((await fetch(`${base}/livez`)).status).to.equal(200));

  it("is ready only while everything it needs is there, and says what is not", async () => {
    expect((await fetch(`${base}/readyz`)).status).to.equal(200);
    isReady = false;
    const response = await fetch(`${base}/readyz`);
    expect(await response.clone().json()).to.deep.include({ failing: ["link"] });
    await expectProblem(response, 503, "not-ready");
  });

  it("shows its metrics", async () => {
    const response = await fetch(`${base}/metrics`);
    expect(response.headers.get("content-type")).to.match(/^text\/plain/);
    expect(await response.text()).to.include("# TYPE twotick_sign_ups_total counter");
  });

  it("answers with problem details what a route refuses", async () => {
    const response = await fetch(`${base}/problem`);
    expect(response.headers.get("retry-after")).to.equal("2");
    expect(await response.clone().json()).to.deep.equal({
      type: "urn:twotick:problem:slow-down",
      status: 429,
      title: "Slow down",
      detail: "You asked often",
      retryAfterSeconds: 2,
      limit: "x",
    });
    await expectProblem(response, 429, "slow-down");
  });

  it("answers malformed JSON", async () => expectProblem(await post('{"a":'), 400, "bad-request"));
  it("answers an empty body", async () => expectProblem(await post(""), 400, "bad-request"));
  it("answers a poisoned prototype", async () =>
    expectProblem(await post('{"__proto__":{"a":1}}'), 400, "bad-request"));
  it("answers another type of body", async () =>
    expectProblem(
      await post("a=1", { "content-type": "application/x-www-form-urlencoded" }),
      415,
      "unsupported-media-type",
    ));
  it("answers a body that is too large", async () =>
    expectProblem(await post(JSON.stringify({ a: "x".repeat(5000) })), 413, "too-large"));
  it("answers an unknown path", async () => expectProblem(await fetch(`${base}/nothing`), 404, "not-found"));
  it("answers a malformed path", async () =>
    expectProblem(await fetch(`${base}/echo/%zz`), 400, "bad-request"));

  it("answers a wrong method with those that are allowed", async () => {
    const response = await fetch(`${base}/echo/1`, { method: "DELETE" });
    expect(response.headers.get("allow")).to.equal("POST");
    await expectProblem(response, 405, "method-not-allowed");
  });

  it("answers what is not HTTP", async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      let text = "";
      const socket = connect(server.port, "127.0.0.1", () => socket.write("hello there\r\n\r\n"));
      socket.on("data", (chunk) => (text += chunk.toString()));
      socket.on("close", () => resolve(text));
      socket.on("error", reject);
    });
    expect(answer)
      .to.match(/^HTTP\/1\.1 400 /)
      .and.to.include("application/problem+json");
  });

  it("keeps its own faults to itself, in the answer and in the log", async () => {
    const response = await fetch(`${base}/crash`);
    expect(await response.clone().text()).to.not.include("secret");
    await expectProblem(response, 500, "internal");
    expect(lines.join("")).to.include("an HTTP request failed").and.to.not.include("5551230001");
  });

  it("asks to come again later while the disk is full", async () => {
    const response = await fetch(`${base}/full`);
    expect(response.headers.get("retry-after")).to.equal("60");
    await expectProblem(response, 503, "no-room");
  });

  it("lets requests under way finish when it stops", async () => {
    const answer = fetch(`${base}/wait`);
    await until("the request is under way", () => release !== undefined);
    const stopped = server.stop();
    release?.();
    expect(await (await answer).json()).to.deep.equal({ done: true });
    await stopped;
    const refused = await fetch(`${base}/livez`).then(
      () => false,
      () => true,
    );
    expect(refused).to.equal(true);
  });
});
