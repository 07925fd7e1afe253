import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { formatStamp } from "../../src/clock.js";
import { deviceId } from "../../src/ids.js";
import type { NewDevice } from "../accounts/store.js";
import type { Context } from "../capability.js";
import { clientAddressReader } from "../http/client-address.js";
import { Problem } from "../http/problem.js";
import { hashDeviceKey } from "../mailbox/service.js";
import type { Codes, OpenSignUp } from "./codes.js";
import { type RefusalCode, SignUpRefusal } from "./refusal.js";
import { CODE_LENGTH, CODE_TTL_MS } from "./service.js";
import type { SignUp } from "./sign-up.js";

const channel = z.enum(["sms", "voice"]).default("sms");
const beginBody = z.strictObject({
  number: z.string().min(1).max(64),
  channel,
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, "two capital letters (ISO 3166) are expected")
    .optional(),
});
const againBody = z.strictObject({ channel });
const finishBody = z.strictObject({
  code: z.string().regex(/^\d{6}$/, "six digits are expected"),
  pin: z.string().max(64).optional(),
  newPin: z.string().max(64).optional(),
  localpart: z.string().min(1).max(64).optional(),
  device: z
    .strictObject({
      deviceId: z
        .int()
        .min(1)
        .max(2 ** 31 - 1),
      publicKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/, "32 bytes in base64url are expected"),
    })
    .optional(),
});

/** The status that goes with each refusal. Source: RFC 9110 §15. */
export const STATUS: Readonly<Record<RefusalCode, number>> = {
  "number-invalid": 400,
  "country-not-allowed": 403,
  "channel-unavailable": 400,
  "too-many-requests": 429,
  "codes-unavailable": 503,
  "too-early": 429,
  "no-more-codes": 409,
  "session-unknown": 404,
  "code-wrong": 403,
  "code-expired": 410,
  "checks-exhausted": 410,
  "pin-invalid": 400,
  "pin-required": 403,
  "pin-wrong": 403,
  "pin-locked": 429,
  "localpart-invalid": 400,
  "localpart-taken": 409,
  "device-mismatch": 409,
  "host-unavailable": 503,
  "host-refused": 503,
  "invitations-unavailable": 501,
  "account-made": 409,
};

const inviteBody = finishBody.omit({ localpart: true, device: true });

/** Adds version 1 of the sign-up API. Source: docs/sign-up-api.md. */
export function addSignUpRoutes(
  server: FastifyInstance,
  context: Context,
  { codes, signUp }: { readonly codes: Codes; readonly signUp: SignUp },
): void {
  const clientAddress = clientAddressReader(context.config.http.trustedProxies);

  server.post("/v1/sign-ups", async (request, reply) => {
    const body = read(beginBody, request.body);
    const opened = await refusable(() =>
      codes.begin(codes.readNumber(body.number, body.country), body.channel, clientAddress(request.raw)),
    );
    return reply.code(201).header("cache-control", "no-store").send(describe(opened));
  });

  server.post<SessionParams>("/v1/sign-ups/:session/codes", async (request, reply) => {
    const body = read(againBody, request.body);
    const opened = await refusable(() => codes.again(request.params.session, body.channel, null));
    return reply.header("cache-control", "no-store").send(describe(opened));
  });

  server.post<SessionParams>("/v1/sign-ups/:session/verification", async (request, reply) => {
    const { device, ...proof } = read(finishBody, request.body);
    const signedUp = await refusable(() =>
      signUp.finish(request.params.session, { ...proof, device: device && bindable(device) }),
    );
    const { domain } = context.config.link;
    const address = `${signedUp.number}@${domain}`;
    return reply.header("cache-control", "no-store").send({ ...signedUp, address, component: domain });
  });

  server.post<SessionParams>("/v1/sign-ups/:session/invitation", async (request, reply) => {
    const proof = read(inviteBody, request.body);
    const { expiresAt, uri, ...invited } = await refusable(() =>
      signUp.invite(request.params.session, proof),
    );
    const { domain } = context.config.link;
    return reply.header("cache-control", "no-store").send({
      ...invited,
      invitation: uri,
      expiresAt: formatStamp(expiresAt),
      address: `${invited.number}@${domain}`,
      component: domain,
    });
  });
}

interface SessionParams {
  Params: { session: string };
}

/** Takes a device's public key to what is kept of it. @param publicKey raw Ed25519 key in base64url */
export function bindable(device: { readonly deviceId: number; readonly publicKey: string }): NewDevice {
  const raw = Buffer.from(device.publicKey, "base64url");
  return { deviceId: deviceId(device.deviceId), keyHash: hashDeviceKey(raw) };
}

// RFC 9457 §3: every fault of a body is named, with a JSON pointer to it
function read<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body ?? {});
  if (result.success) return result.data;
  const errors = result.error.issues.map((issue) => ({
    pointer: `#/${issue.path.map(String).join("/")}`,
    detail: issue.message,
  }));
  const detail = errors.map((error) => `${error.pointer}: ${error.detail}`).join("; ");
  throw new Problem(400, "bad-request", "The request body is not valid", detail, { extra: { errors } });
}

async function refusable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SignUpRefusal)) throw error;
    throw new Problem(STATUS[error.code], error.code, error.message, error.message, {
      cause: error,
      ...(error.retryAfterMs === undefined ? {} : { retryAfterSeconds: error.retryAfterMs / 1000 }),
      ...(error.checksLeft === undefined ? {} : { extra: { checksLeft: error.checksLeft } }),
    });
  }
}

function describe({ session, number, steps }: OpenSignUp): object {
  const seconds = (ms: number | undefined): number | null => (ms === undefined ? null : Math.ceil(ms / 1000));
  return {
    session,
    number,
    codeLength: CODE_LENGTH,
    codeExpiresInSeconds: CODE_TTL_MS / 1000,
    checksLeft: steps.checksLeft,
    checkInSeconds: seconds(steps.checkInMs),
    smsInSeconds: seconds(steps.smsInMs),
    voiceInSeconds: seconds(steps.voiceInMs),
  };
}
