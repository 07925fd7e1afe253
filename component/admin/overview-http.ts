import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { deviceId } from "../../src/ids.js";
import { Problem } from "../http/problem.js";
import { readBody, readId, readNumber, unknownNumber } from "./reading.js";
import { MAX_MAILBOXES, type Overview } from "./overview.js";

const numberBody = z.strictObject({ number: z.string().min(1).max(64) });
const deviceBody = numberBody.extend({ deviceId: z.int().min(1) });

/** Adds the routes by which an admin looks around. Numbers travel in bodies, never in paths. */
export function addOverviewRoutes(routes: FastifyInstance, prefix: string, overview: Overview): void {
  routes.get<{ Querystring: { after?: string } }>(`${prefix}/numbers`, async ({ query }) => ({
    numbers: await overview.numbers(readId(query.after ?? "0")),
  }));
  routes.get<{ Querystring: { limit?: string } }>(`${prefix}/mailboxes`, async ({ query }) => ({
    mailboxes: await overview.mailboxes(readId(query.limit ?? String(MAX_MAILBOXES))),
  }));
  routes.post(`${prefix}/devices`, async ({ body }) => {
    const devices = await overview.devices(readNumber(readBody(numberBody, body).number));
    if (!devices) throw unknownNumber();
    return { devices };
  });
  routes.post(`${prefix}/devices/removal`, async ({ body }) => {
    const { number, deviceId: id } = readBody(deviceBody, body);
    if (!(await overview.removeDevice(readNumber(number), deviceId(id))))
      throw new Problem(404, "no-such-device", "The number has no such device");
    return { status: "done" };
  });
  routes.get(`${prefix}/limits`, () => overview.limits());
  routes.post(`${prefix}/limits`, async ({ body }) => ({
    limits: await overview.limitsOf(readNumber(readBody(numberBody, body).number)),
  }));
  routes.post(`${prefix}/limits/reset`, async ({ body }) => {
    await overview.resetLimits(readNumber(readBody(numberBody, body).number));
    return { status: "done" };
  });
}
