/**
 * Bots: handlers, sessions, and everything sent exactly once.
 *
 * @example
 * import { Bot } from "twotick/bot";
 *
 * @module twotick/bot
 */
export { Bot, type BotEvents, type BotOptions } from "./bot.js";
export { Composer } from "./composer.js";
export { Context, type ReplyOptions } from "./context.js";
export { session, type SessionOptions } from "./session.js";
export type { BotApi, BotSendOptions, Outgoing, Transformer } from "./api.js";
export type { SentMessage } from "./sent-message.js";
export type { ScheduledSend } from "./schedule.js";
export type { DeadLetter } from "./dead-letters.js";
export type { Middleware, MiddlewareFn, NextFunction } from "./middleware.js";
export type {
  Command,
  CommandContext,
  Filtered,
  FilterQuery,
  FilterShapes,
  HearsContext,
} from "./filters.js";
export type { DeviceOptions } from "./open-device.js";
export type { BotClient, BotClientEvents } from "./port.js";
