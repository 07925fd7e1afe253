import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { checkConfig } from "../../../component/config.js";
import { commandProvider } from "../../../component/sign-up/providers/command.js";
import { consoleProvider } from "../../../component/sign-up/providers/console.js";
import { httpProvider } from "../../../component/sign-up/providers/http.js";
import { CodeNotSent, type CodeMessage } from "../../../component/sign-up/providers/provider.js";
import { phoneNumber } from "../../../src/phone-number.js";

const message: CodeMessage = {
  number: phoneNumber("+15551230001"),
  channel: "sms",
  code: "123456",
  text: 'Your "code" is 123456 & <nothing> else\r\nX: y',
};
const waits: number[] = [];
const wait = (ms: number): Promise<void> => {
  waits.push(ms);
  return Promise.resolve();
};
const signUp = (options: object) =>
  checkConfig({
    host: { domain: "example.org" },
    link: { domain: "phone.example.org", secret: "s" },
    store: { path: "x.db", key: Buffer.alloc(32).toString("base64") },
    signUp: { countries: ["*"], ...options },
  }).signUp;
const failure = async (work: Promise<unknown>): Promise<CodeNotSent> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).to.be.instanceOf(CodeNotSent);
  const text = `${(error as Error).message} ${String((error as Error).cause)}`;
  for (const secret of ["123456", "5551230001", "s3cret"]) expect(text).to.not.include(secret);
  return error as CodeNotSent;
};

beforeEach(() => void (waits.length = 0));

describe("consoleProvider", () => {
  it("prints number and code in one line", async () => {
    const lines: string[] = [];
    await consoleProvider((line) => void lines.push(line)).send(message);
    expect(lines).to.deep.equal(["SMS to +15551230001: your code is 123456"]);
  });
});

describe("httpProvider", () => {
  let server: Server;
  let requests: { method: string; url: string; headers: IncomingMessage["headers"]; body: string }[];
  let answers: { status: number; body?: string; headers?: Record<string, string> }[];
  let isSilent: boolean;
  const base = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  beforeEach(async () => {
    requests = [];
    answers = [];
    isSilent = false;
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        requests.push({ method: request.method!, url: request.url!, headers: request.headers, body });
        if (isSilent) return;
        const answer = answers.shift() ?? { status: 200 };
        response.writeHead(answer.status, answer.headers).end(answer.body ?? "");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const provider = (options: object) => {
    const { http } = signUp({ provider: "http", http: { url: `${base()}/send`, ...options } });
    return httpProvider(http!, "s3cret", wait);
  };

  it("writes JSON that stays JSON whatever the text is", async () => {
    const headers = { Authorization: "Bearer {secret}" };
    await provider({ body: '{"to":"{number}","text":"{text}"}', headers }).send(message);
    const [request] = requests;
    expect(JSON.parse(request!.body)).to.deep.equal({ to: message.number, text: message.text });
    expect(request).to.deep.include({ method: "POST", url: "/send" });
    expect(request!.headers).to.include({
      authorization: "Bearer s3cret",
      "content-type": "application/json",
    });
  });

  it("writes forms and paths in their own encoding", async () => {
    const contentType = "application/x-www-form-urlencoded";
    await provider({ url: `${base()}/send?to={number}`, body: "to={number}&text={text}", contentType }).send(
      message,
    );
    expect(requests[0]!.url).to.equal("/send?to=%2B15551230001");
    const form = new URLSearchParams(requests[0]!.body);
    expect(Object.fromEntries(form)).to.deep.equal({ to: message.number, text: message.text });
  });

  it("writes XML that stays XML", async () => {
    await provider({ body: "<t>{text}</t>", contentType: "text/xml" }).send(message);
    expect(requests[0]!.body).to.include("&#60;nothing&#62;");
  });

  it("lets no text break out of a header", async () => {
    await provider({ headers: { "X-Text": "{text}" }, body: "x" }).send(message);
    expect(requests[0]!.headers["x-text"]).to.include("elseX: y");
    expect(requests[0]!.headers).to.not.have.property("x");
  });

  it("asks for voice calls the way that is set up for them", async () => {
    const calls = provider({ body: "x", voice: { url: `${base()}/call`, body: "{code}" } });
    await calls.send({ ...message, channel: "voice" });
    expect(requests[0]).to.deep.include({ url: "/call", body: "123456" });
    expect((await failure(provider({}).send({ ...message, channel: "voice" }))).isPermanent).to.equal(true);
  });

  it("tries again with growing waits while the service fails", async () => {
    answers = [{ status: 500 }, { status: 429 }, { status: 200 }];
    await provider({}).send(message);
    expect([requests.length, waits]).to.deep.equal([3, [500, 2000]]);
  });

  it("gives up after the tries that are set", async () => {
    answers = [{ status: 500 }, { status: 500 }];
    expect((await failure(provider({ attempts: 2 }).send(message))).isPermanent).to.equal(false);
    expect(requests).to.have.length(2);
  });

  it("does not repeat what is refused", async () => {
    answers = [{ status: 403 }];
    expect((await failure(provider({}).send(message))).isPermanent).to.equal(true);
    expect(requests).to.have.length(1);
  });

  it("wants the words that a good answer has", async () => {
    answers = [{ status: 200, body: '{"status":"failed"}' }];
    await failure(provider({ expectBody: '"ok"' }).send(message));
    answers = [{ status: 200, body: '{"status":"ok"}' }];
    await provider({ expectBody: '"ok"' }).send(message);
  });

  it("carries nothing to where a redirect points", async () => {
    answers = [{ status: 302, headers: { location: `${base()}/elsewhere` } }];
    await failure(provider({ attempts: 1 }).send(message));
    expect(requests.map((request) => request.url)).to.deep.equal(["/send"]);
  });

  it("gives up on a service that does not answer, or is not there", async () => {
    isSilent = true;
    const silent = await failure(provider({ attempts: 1, timeoutMs: 100 }).send(message));
    expect(silent.message).to.include("in time");
    const absent = provider({ attempts: 1, url: "http://127.0.0.1:1/{code}" });
    expect((await failure(absent.send(message))).message).to.include("reached");
  });
});

describe("commandProvider", () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "twotick-test-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const provider = (script: string, options: object = {}, args: readonly string[] = []) => {
    const path = join(folder, "send");
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const { command } = signUp({ provider: "command", command: { run: [path, ...args], ...options } });
    return commandProvider(command!, wait);
  };
  const written = (): string => readFileSync(join(folder, "out"), "utf8");

  it("gives the code by standard input and the rest as arguments, through no shell", async () => {
    const hostile = { ...message, text: "$(touch pwned); `id`" };
    await provider(`printf '%s|' "$@" > ${folder}/out; cat >> ${folder}/out`, {}, [
      "{number}",
      "{channel}",
      "{text}",
    ]).send(hostile);
    expect(written()).to.equal("+15551230001|sms|$(touch pwned); `id`|123456\n");
  });

  it("gives the program nothing from its own environment", async () => {
    process.env["TWOTICK_TEST_CANARY"] = "s3cret";
    try {
      await provider(`env > ${folder}/out`).send(message);
    } finally {
      delete process.env["TWOTICK_TEST_CANARY"];
    }
    expect(written()).to.include("PATH=").and.to.not.include("s3cret");
  });

  it("does not mind a program that reads nothing", () => provider("exit 0").send(message));

  it("tries again on status 75 only", async () => {
    const counting = `echo x >> ${folder}/out`;
    expect((await failure(provider(`${counting}; exit 75`).send(message))).isPermanent).to.equal(false);
    expect(written()).to.equal("x\nx\nx\n");
    expect((await failure(provider(`${counting}; exit 1`).send(message))).isPermanent).to.equal(true);
    expect(written()).to.equal("x\nx\nx\nx\n");
  });

  it("kills a program that does not finish, and says so of one that is not there", async () => {
    const slow = provider("exec sleep 30", { timeoutMs: 100, attempts: 1 });
    expect((await failure(slow.send(message))).message).to.include("in time");
    const { command } = signUp({ provider: "command", command: { run: [join(folder, "none")] } });
    expect((await failure(commandProvider(command!, wait).send(message))).isPermanent).to.equal(true);
  });
});
