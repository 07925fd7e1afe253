import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { ILLEGAL_CHARACTER } from "../../src/stream-chars.js";
import { readBody } from "../admin/reading.js";
import { Problem } from "../http/problem.js";
import { PEOPLE_A_SECOND, type Announcements } from "./service.js";

/** Bytes that an announcement may have: what a request holds, with room around it. */
export const MAX_ANNOUNCEMENT_BYTES = 3_000;

const announcementBody = z.strictObject({
  text: z
    .string()
    .refine((text) => text.trim() !== "", "says nothing")
    .refine(
      (text) => Buffer.byteLength(text) <= MAX_ANNOUNCEMENT_BYTES,
      `has more than ${MAX_ANNOUNCEMENT_BYTES} bytes`,
    )
    .refine((text) => !ILLEGAL_CHARACTER.test(text), "has control characters"),
  isDryRun: z.boolean().default(false),
});

/** Adds the routes of announcements. */
export function addAnnouncementRoutes(
  routes: FastifyInstance,
  prefix: string,
  announcements: Announcements,
): void {
  routes.get(`${prefix}/announcements`, async () => ({ announcements: await announcements.list() }));
  routes.post(`${prefix}/announcements`, async ({ body }) => {
    const { text, isDryRun } = readBody(announcementBody, body);
    const reach = await announcements.reach();
    const plan = { ...reach, seconds: Math.ceil((reach.people + reach.withoutApp) / PEOPLE_A_SECOND) };
    if (isDryRun) return { id: null, ...plan };
    const id = await announcements.begin(text);
    if (id === undefined)
      throw new Problem(
        409,
        "announcement-under-way",
        "Another announcement is under way: wait, or cancel it",
      );
    return { id, ...plan };
  });
  routes.post(`${prefix}/announcements/cancel`, async () => {
    if (await announcements.cancel()) return { status: "done" };
    throw new Problem(404, "no-announcement", "No announcement is under way");
  });
}
