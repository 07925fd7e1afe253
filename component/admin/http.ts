import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { isAdmin } from "../http/admin-token.js";
import { Problem } from "../http/problem.js";
import type { Vault } from "../store/vault.js";
import type { ExportLine } from "./export.js";
import type { Overview } from "./overview.js";
import { addOverviewRoutes } from "./overview-http.js";
import { readBody, readId, readNumber, unknownNumber } from "./reading.js";
import type { Administration } from "./service.js";
import type { SetAsideOutcome, SetAsideRow } from "./set-aside-store.js";

const PREFIX = "/admin/v1";

const numberBody = z.strictObject({ number: z.string().min(1).max(64) });
const deleteBody = numberBody.extend({ isAtOnce: z.boolean().default(false) });

interface EntryParams {
  Params: { id: string };
}

/** Adds routes that want the admin's token. Source: docs/admin.md. */
export function addForAdmin(
  server: FastifyInstance,
  vault: Vault,
  add: (routes: FastifyInstance, prefix: string) => void,
): void {
  void server.register(async (routes) => {
    routes.addHook("onRequest", async ({ headers }) => {
      if (isAdmin(vault, headers.authorization)) return;
      throw new Problem(401, "not-admin", "The admin's token is missing or wrong", undefined, {
        headers: { "www-authenticate": "Bearer" },
      });
    });
    add(routes, PREFIX);
  });
}

/** Adds the admin's routes; numbers travel in bodies, never in paths. */
export function addAdminRoutes(
  server: FastifyInstance,
  vault: Vault,
  { admin, overview }: { readonly admin: Administration; readonly overview: Overview },
): void {
  addForAdmin(server, vault, (routes, prefix) => {
    addSetAsideRoutes(routes, prefix, admin);
    addPersons(routes, admin);
    addOverviewRoutes(routes, prefix, overview);
  });
}

/**
 * Adds the routes of what is set aside.
 *
 * @param show what the asker may see of an entry
 */
export function addSetAsideRoutes(
  routes: FastifyInstance,
  prefix: string,
  admin: Administration,
  show: (row: SetAsideRow) => object = (row) => row,
): void {
  routes.get<{ Querystring: { after?: string } }>(`${prefix}/set-aside`, async ({ query }) => ({
    entries: (await admin.setAside(readId(query.after ?? "0"))).map(show),
  }));
  routes.post<EntryParams>(`${prefix}/set-aside/:id/retry`, async ({ params }) =>
    done(await admin.retry(readId(params.id))),
  );
  routes.post<EntryParams>(`${prefix}/set-aside/:id/drop`, async ({ params }) =>
    done(await admin.drop(readId(params.id))),
  );
}

function addPersons(routes: FastifyInstance, admin: Administration): void {
  routes.post(`${PREFIX}/export`, async ({ body }, reply) => {
    const { number } = readBody(numberBody, body);
    const lines = await admin.export(readNumber(number));
    if (!lines) throw unknownNumber();
    return reply
      .type("application/x-ndjson")
      .header("cache-control", "no-store")
      .send(Readable.from(asText(lines)));
  });
  routes.post(`${PREFIX}/delete`, async ({ body }) => {
    const { number, isAtOnce } = readBody(deleteBody, body);
    const deleted = await admin.delete(readNumber(number), isAtOnce);
    if (!deleted) throw unknownNumber();
    return deleted;
  });
  routes.post(`${PREFIX}/pin-reset`, async ({ body }) => {
    const { number } = readBody(numberBody, body);
    if (!(await admin.resetPin(readNumber(number)))) throw unknownNumber();
    return { status: "done" };
  });
}

async function* asText(lines: AsyncIterable<ExportLine>): AsyncIterable<string> {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`;
}

function done(status: SetAsideOutcome["status"]): object {
  if (status === "no-such-entry")
    throw new Problem(404, "no-such-entry", "No entry with this id is set aside");
  if (status === "device-gone")
    throw new Problem(409, "device-gone", "The entry's device is gone; the entry can only be dropped");
  return { status };
}
