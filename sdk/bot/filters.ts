import type { MessageId } from "../../src/ids.js";
import type { Quote } from "../../src/message-content.js";
import type { InboxItem, InboxItemOf } from "../client/inbox-item.js";
import type { OpenFailure } from "../omemo/mod.js";

/** What a context certainly has behind each filter. */
export interface FilterShapes {
  /** A message that is not a correction of an earlier one. */
  message: MessageShape;
  "message:text": MessageShape;
  /** One that answers another. */
  "message:quote": MessageShape & { readonly quote: Quote };
  /** One that came end-to-end encrypted. */
  "message:encrypted": MessageShape & { readonly isEncrypted: true };
  /** A message that stands in place of an earlier one of the same sender. */
  edit: MessageShape & { readonly replaces: MessageId };
  /** All that somebody now says to a message with emojis; none when they took them back. */
  reaction: {
    readonly item: InboxItemOf<"reaction">;
    readonly of: MessageId;
    readonly emojis: readonly string[];
  };
  /** Somebody takes a message back. */
  retraction: { readonly item: InboxItemOf<"retraction">; readonly of: MessageId };
  /** Something came that could not be opened. */
  undecryptable: { readonly item: InboxItemOf<"undecryptable">; readonly reason: OpenFailure };
  /** Another device of the bot's own account sent something that is not a correction. */
  "sent-elsewhere": { readonly item: InboxItemOf<"sent-elsewhere">; readonly text: string };
  /** Another device of the bot's own account corrected what it had sent. */
  "edited-elsewhere": {
    readonly item: InboxItemOf<"sent-elsewhere">;
    readonly text: string;
    readonly replaces: MessageId;
  };
  /** All that another device of the bot's own account now says to a message with emojis. */
  "reacted-elsewhere": {
    readonly item: InboxItemOf<"reacted-elsewhere">;
    readonly of: MessageId;
    readonly emojis: readonly string[];
  };
  /** Another device of the bot's own account takes a message back. */
  "retracted-elsewhere": { readonly item: InboxItemOf<"retracted-elsewhere">; readonly of: MessageId };
}

interface MessageShape {
  readonly item: InboxItemOf<"message">;
  readonly text: string;
}

/** What `on` may be asked for. */
export type FilterQuery = keyof FilterShapes;

/** A context behind a filter, or behind any of several. */
export type Filtered<C, Query extends FilterQuery> = Query extends FilterQuery
  ? C & FilterShapes[Query]
  : never;

/** A context behind `command`. */
export type CommandContext<C> = Filtered<C, "message"> & { readonly command: Command };

/** A context behind `hears`. */
export type HearsContext<C> = Filtered<C, "message"> & { readonly match: RegExpExecArray };

/** A command as it was written: `/remind 5 tea`. */
export interface Command {
  /** In lower case, without the slash. */
  readonly name: string;
  /** What follows it, without the space around. */
  readonly args: string;
}

const MATCHES: { readonly [Query in FilterQuery]: (item: InboxItem) => boolean } = {
  message: isFresh,
  "message:text": isFresh,
  "message:quote": (item) => isFresh(item) && item.quote !== undefined,
  "message:encrypted": (item) => isFresh(item) && item.isEncrypted,
  edit: (item) => item.kind === "message" && item.replaces !== undefined,
  reaction: ({ kind }) => kind === "reaction",
  retraction: ({ kind }) => kind === "retraction",
  undecryptable: ({ kind }) => kind === "undecryptable",
  "sent-elsewhere": (item) => item.kind === "sent-elsewhere" && item.replaces === undefined,
  "edited-elsewhere": (item) => item.kind === "sent-elsewhere" && item.replaces !== undefined,
  "reacted-elsewhere": ({ kind }) => kind === "reacted-elsewhere",
  "retracted-elsewhere": ({ kind }) => kind === "retracted-elsewhere",
};

/** Whether there is such a filter. */
export function isFilterQuery(query: string): query is FilterQuery {
  return Object.hasOwn(MATCHES, query);
}

/** Whether an item passes a filter. */
export function matches(query: FilterQuery, item: InboxItem): boolean {
  return MATCHES[query](item);
}

function isFresh(item: InboxItem): item is InboxItemOf<"message"> {
  return item.kind === "message" && item.replaces === undefined;
}

const COMMAND = /^\/([a-z0-9_-]{1,32})(?:\s+([\s\S]*))?$/i;

/** Reads a text as a command. */
export function readCommand(text: string): Command | undefined {
  const [, name, args = ""] = COMMAND.exec(text.trim()) ?? [];
  return name === undefined ? undefined : { name: name.toLowerCase(), args: args.trim() };
}

/** Whether a text is what is listened for: a whole text, whatever its case, or an expression in it. */
export function heard(trigger: string | RegExp, text: string): RegExpExecArray | null {
  if (typeof trigger !== "string") {
    // An expression with the flag g or y goes on where it ended the last time
    trigger.lastIndex = 0;
    return trigger.exec(text);
  }
  return text.trim().toLowerCase() === trigger.trim().toLowerCase() ? /[\s\S]*/.exec(text) : null;
}
