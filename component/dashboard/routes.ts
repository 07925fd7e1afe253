import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Clock } from "../../src/clock.js";
import { addSetAsideRoutes } from "../admin/http.js";
import type { Administration } from "../admin/service.js";
import { mayUseDashboard } from "../http/admin-token.js";
import { Problem } from "../http/problem.js";
import { refuseOtherMethods } from "../http/server.js";
import type { Vault } from "../store/vault.js";
import { shownEntry } from "./set-aside.js";
import type { View } from "./view.js";

/** The files of the page, beside this one in the sources and in the package alike. */
const PAGE = new URL("page/", import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Nothing but the page's own files is loaded or run, nothing is sent elsewhere, and no other page frames it. */
const HEADERS = {
  "cache-control": "no-cache",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

interface DashboardParts {
  readonly vault: Vault;
  readonly clock: Clock;
  readonly admin: Administration;
  readonly view: View;
}

/**
 * Adds the dashboard's page, which anybody may load, and what it asks for, which wants a token.
 *
 * The token travels in a header that no other site's page can send: a forged request does nothing.
 */
export function addDashboardRoutes(server: FastifyInstance, parts: DashboardParts): void {
  void server.register(async (scope) => {
    refuseOtherMethods(scope, () => {
      addFiles(scope);
      void scope.register(async (routes) => addApi(routes, parts));
    });
  });
}

function addFiles(scope: FastifyInstance): void {
  scope.get("/dashboard", (_, reply) => reply.redirect("dashboard/", 308));
  for (const name of readdirSync(PAGE)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const content = readFileSync(new URL(name, PAGE));
    scope.get(`/dashboard/${name === "index.html" ? "" : name}`, (_, reply) =>
      reply.headers({ ...HEADERS, "content-type": type }).send(content),
    );
  }
}

function addApi(routes: FastifyInstance, { vault, clock, admin, view }: DashboardParts): void {
  routes.addHook("onRequest", async ({ headers }, reply) => {
    reply.header("cache-control", "no-store");
    if (mayUseDashboard(vault, headers.authorization, clock.now())) return;
    throw new Problem(401, "not-admin", "The dashboard's token is missing, wrong or too old", undefined, {
      headers: { "www-authenticate": "Bearer" },
    });
  });
  routes.get<{ Querystring: { run?: string; after?: string } }>("/dashboard/v1/samples", ({ query }) =>
    view.since(query.run, Number(query.after ?? 0)),
  );
  addSetAsideRoutes(routes, "/dashboard/v1", admin, shownEntry);
}
