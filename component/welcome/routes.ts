import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Context } from "../capability.js";
import { clientAddressReader } from "../http/client-address.js";
import { Problem, toProblem } from "../http/problem.js";
import { refuseOtherMethods } from "../http/server.js";
import { STATUS } from "../sign-up/http.js";
import { OneAtATime } from "../sign-up/one-at-a-time.js";
import type { SignUpParts } from "../sign-up/parts.js";
import { SignUpRefusal } from "../sign-up/refusal.js";
import type { Channel } from "../sign-up/service.js";
import { seeOther, show } from "./answers.js";
import {
  codePage,
  invitationPage,
  numberPage,
  passwordPage,
  troublePage,
  type Trouble,
  usedPage,
} from "./pages.js";
import { formOf, queryOf, textsOf } from "./requests.js";
import { keepSession, newNonce, passwordFor, sessionFor, sessionOf } from "./session.js";
import { troubleIn, troubleOf, troubleQuery } from "./troubles.js";

/** Refusals that only a new sign-up helps against. */
const ENDED: ReadonlySet<string> = new Set(["session-unknown", "device-mismatch"]);

/**
 * Adds the web page where a newcomer enters number and code and gets what opens an app.
 *
 * It needs no script; every answer to a form that was taken is a redirect, so that nothing is sent twice.
 */
export function addWelcomePage(server: FastifyInstance, context: Context, parts: SignUpParts): void {
  const page = new WelcomePage(context, parts);
  // In a scope of its own: the API beside it takes no forms
  void server.register(async (scope) => {
    scope.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (_, body, done) =>
      done(null, new URLSearchParams(String(body))),
    );
    scope.addHook("onRequest", async (request) => requireOwnForm(request));
    scope.setErrorHandler((error, request, reply) => page.fail(error, request, reply));
    refuseOtherMethods(scope, () => {
      scope.get("/welcome", (_, reply) => reply.redirect("welcome/", 308));
      scope.get("/welcome/", (request, reply) => page.askNumber(request, reply));
      scope.post("/welcome/", (request, reply) => page.begin(request, reply));
      scope.get("/welcome/code", (request, reply) => page.askCode(request, reply));
      scope.post("/welcome/code", (request, reply) => page.takeCode(request, reply));
      scope.post("/welcome/codes", (request, reply) => page.sendAgain(request, reply));
      scope.get("/welcome/app", (request, reply) => page.showAccount(request, reply));
      scope.post("/welcome/invitation", (request, reply) => page.inviteAgain(request, reply));
      scope.post("/welcome/password", (request, reply) => page.takePassword(request, reply));
      scope.post("/welcome/leave", (_, reply) => page.leave(reply));
    });
  });
}

// Another site's page must not have codes sent in the name of who looks at it
function requireOwnForm({ method, headers }: FastifyRequest): void {
  const site = headers["sec-fetch-site"];
  if (method === "POST" && site !== undefined && site !== "same-origin")
    throw new Problem(403, "cross-site", "This form belongs to another site");
}

class WelcomePage {
  readonly #context: Context;
  readonly #parts: SignUpParts;
  readonly #clientAddress: ReturnType<typeof clientAddressReader>;
  readonly #beginnings = new OneAtATime();

  constructor(context: Context, parts: SignUpParts) {
    this.#context = context;
    this.#parts = parts;
    this.#clientAddress = clientAddressReader(context.config.http.trustedProxies);
  }

  askNumber(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    return this.#number(request, reply, troubleIn(request));
  }

  async begin(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const form = formOf(request);
    const typed = form.get("number") ?? "";
    try {
      const session = await this.#begin(request, typed, form.get("nonce") ?? "");
      keepSession(reply, session);
      await seeOther(reply, "code");
    } catch (error) {
      if (!(error instanceof SignUpRefusal)) throw error;
      const trouble = troubleOf(error);
      if (trouble.waitSeconds) reply.header("retry-after", trouble.waitSeconds);
      await this.#number(request, reply.code(STATUS[error.code]), trouble, typed);
    }
  }

  async askCode(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.#inSession(request, reply, async (session) => {
      const progress = await this.#parts.signUp.look(session);
      if (progress.account !== undefined) return seeOther(reply, "app");
      const sent = queryOf(request).get("sent") !== null;
      const { channels } = this.#parts.codes;
      const frame = { texts: textsOf(request), trouble: troubleIn(request) };
      return show(reply, frame.texts, codePage(frame, progress, { sent, channels }));
    });
  }

  async takeCode(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.#inSession(request, reply, async (session) => {
      const form = formOf(request);
      const code = (form.get("code") ?? "").replaceAll(/[\s.-]/g, "");
      if (!/^\d{6}$/.test(code)) return seeOther(reply, "code?problem=code-malformed");
      const pin = form.get("pin") || undefined;
      try {
        await this.#finish(session, { code, pin });
      } catch (error) {
        if (!(error instanceof SignUpRefusal) || ENDED.has(error.code)) throw error;
        if (error.code !== "account-made") return seeOther(reply, `code?${troubleQuery(troubleOf(error))}`);
      }
      return seeOther(reply, "app");
    });
  }

  async sendAgain(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.#inSession(request, reply, async (session) => {
      const channel: Channel = formOf(request).get("channel") === "voice" ? "voice" : "sms";
      try {
        await this.#parts.codes.again(session, channel, null);
      } catch (error) {
        if (!(error instanceof SignUpRefusal) || ENDED.has(error.code)) throw error;
        return seeOther(reply, `code?${troubleQuery(troubleOf(error))}`);
      }
      return seeOther(reply, "code?sent");
    });
  }

  async showAccount(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.#inSession(request, reply, async (session) => {
      const { account, number, invitation } = await this.#parts.signUp.look(session);
      if (account === undefined) return seeOther(reply, "code");
      const frame = { texts: textsOf(request), trouble: troubleIn(request) };
      const { vault, config, clock } = this.#context;
      if (!invitation)
        return show(reply, frame.texts, passwordPage(frame, account, passwordFor(vault, session)));
      if (invitation.isUsed) return show(reply, frame.texts, usedPage(frame, account));
      const leftMs = invitation.expiresAt - clock.now();
      const { apps } = config.welcome;
      const { uri } = invitation;
      return show(reply, frame.texts, invitationPage(frame, { account, number, uri, leftMs, apps }));
    });
  }

  inviteAgain(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    return this.#changeAccount(request, reply, (session) => this.#parts.signUp.inviteAgain(session));
  }

  takePassword(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    return this.#changeAccount(request, reply, (session) =>
      this.#parts.signUp.takePassword(session, passwordFor(this.#context.vault, session)),
    );
  }

  async leave(reply: FastifyReply): Promise<void> {
    keepSession(reply, undefined);
    await seeOther(reply, "./");
  }

  /** Shows a page for whatever nobody foresaw, with the status of what it is. */
  async fail(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const problem = toProblem(error);
    if (problem.status >= 500 && !(error instanceof Problem)) {
      const { name, code } = error as { name?: string; code?: string };
      this.#context.log.error({ error: name, reason: code }, "a page of the sign-up could not be shown");
    }
    const texts = textsOf(request);
    const page = troublePage({ texts, trouble: { code: "internal" } });
    await show(reply.code(problem.status), texts, page);
  }

  async #begin(request: FastifyRequest, typed: string, nonce: string): Promise<string> {
    const { codes } = this.#parts;
    const { vault, clock } = this.#context;
    const number = codes.readNumber(typed.slice(0, 64));
    const current = sessionOf(request);
    // Back in the browser, and the same number again: the code that was sent is still good
    if (current && (await this.#isOpen(current, number))) return current;
    const session = sessionFor(vault, nonce, number, clock.now());
    return this.#beginnings.run(session, async () => {
      if (await this.#isOpen(session, number)) return session;
      const [channel = "sms"] = codes.channels;
      await codes.begin(number, channel, this.#clientAddress(request.raw), session);
      return session;
    });
  }

  async #isOpen(session: string, number: string): Promise<boolean> {
    try {
      const progress = await this.#parts.signUp.look(session);
      const isUsable = progress.account !== undefined || progress.steps.checkInMs !== undefined;
      return progress.number === number && isUsable;
    } catch (error) {
      if (error instanceof SignUpRefusal) return false;
      throw error;
    }
  }

  async #finish(session: string, proof: { code: string; pin: string | undefined }): Promise<void> {
    const { signUp } = this.#parts;
    try {
      await signUp.invite(session, proof);
    } catch (error) {
      if (!(error instanceof SignUpRefusal) || error.code !== "invitations-unavailable") throw error;
      await signUp.finish(session, proof, passwordFor(this.#context.vault, session));
    }
  }

  async #changeAccount(
    request: FastifyRequest,
    reply: FastifyReply,
    change: (session: string) => Promise<void>,
  ): Promise<void> {
    await this.#inSession(request, reply, async (session) => {
      try {
        await change(session);
      } catch (error) {
        if (!(error instanceof SignUpRefusal) || ENDED.has(error.code)) throw error;
        // The page of the account tells it
        if (error.code !== "account-made") return seeOther(reply, `app?${troubleQuery(troubleOf(error))}`);
      }
      return seeOther(reply, "app");
    });
  }

  /** Runs a step of the sign-up that the browser is in; without one, the newcomer begins again. */
  async #inSession(
    request: FastifyRequest,
    reply: FastifyReply,
    step: (session: string) => Promise<void>,
  ): Promise<void> {
    const session = sessionOf(request);
    try {
      if (session === undefined) throw new SignUpRefusal("session-unknown");
      await step(session);
    } catch (error) {
      if (!(error instanceof SignUpRefusal)) throw error;
      const trouble = troubleOf(error);
      if (ENDED.has(error.code)) {
        keepSession(reply, undefined);
        return seeOther(reply, `./?${troubleQuery(trouble)}`);
      }
      const texts = textsOf(request);
      await show(reply.code(STATUS[error.code]), texts, troublePage({ texts, trouble }));
    }
    return undefined;
  }

  async #number(
    request: FastifyRequest,
    reply: FastifyReply,
    trouble: Trouble | undefined,
    value = "",
  ): Promise<void> {
    const { config, clock } = this.#context;
    const texts = textsOf(request);
    const service = config.welcome.serviceName ?? config.host.domain;
    const isNational = config.signUp.defaultCountry !== undefined;
    const nonce = newNonce(clock.now());
    await show(reply, texts, numberPage({ texts, trouble }, { service, nonce, isNational, value }));
  }
}
