/** What a new bot is made of. */
export interface BotPlan {
  /** Name of the package. */
  readonly name: string;
  /** The version of this package that it is written for. */
  readonly version: string;
  readonly isTypeScript: boolean;
}

/** The files of a new bot, by name. */
export function botFiles(plan: BotPlan): Readonly<Record<string, string>> {
  const end = plan.isTypeScript ? "ts" : "js";
  return {
    "package.json": `${JSON.stringify(manifest(plan), null, 2)}\n`,
    [`bot.${end}`]: BOT,
    [`bot.test.${end}`]: TEST,
    "README.md": readme(plan, end),
    ".gitignore": "node_modules/\n*.db\n*.db-*\n",
    ...(plan.isTypeScript && { "tsconfig.json": TSCONFIG }),
  };
}

function manifest({ name, version, isTypeScript }: BotPlan): object {
  const program = isTypeScript ? "tsx bot.ts" : "node bot.js";
  const test = isTypeScript ? "node --import tsx --test bot.test.ts" : "node --test";
  return {
    name,
    version: "0.1.0",
    private: true,
    type: "module",
    scripts: { start: program, test, ...(isTypeScript && { check: "tsc --noEmit" }) },
    engines: { node: ">=20.19" },
    dependencies: { twotick: `^${version}` },
    ...(isTypeScript && {
      devDependencies: { "@types/node": "^20.19.0", tsx: "^4.20.0", typescript: "^6.0.0" },
    }),
  };
}

const BOT = `import { pathToFileURL } from "node:url";
import { Bot, session } from "twotick/bot";

// What the bot remembers of each chat; kept in the same transaction in which a message is acknowledged
export const bot = new Bot({ session: session({ initial: () => ({ messages: 0 }) }) });

bot.command("start", (ctx) => ctx.reply("Hello! Write something, or /count."));
bot.command("count", (ctx) => ctx.reply(\`You have written \${ctx.session.messages} messages.\`));
bot.on("message:text", async (ctx) => {
  ctx.session.messages += 1;
  await ctx.reply(ctx.text);
});

// Not when the test imports it
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await bot.start();
  console.log("The bot answers; Ctrl-C ends it.");
}
`;

const TEST = `import { test } from "node:test";
import { botTest } from "twotick/sdk/testing";
import { bot } from "./bot.js";

test("greets, echoes and counts", async () => {
  const running = await botTest(bot);
  const romeo = running.user();
  await romeo.says("/start");
  romeo.hears("Hello! Write something, or /count.");
  await romeo.says("wherefore");
  romeo.hears("wherefore");
  await romeo.says("/count");
  romeo.hears("You have written 1 messages.");
  romeo.hearsNothing();
  await running.stop();
});
`;

const TSCONFIG = `{
  "compilerOptions": {
    "target": "ES2023",
    "module": "NodeNext",
    "strict": true,
    "noEmit": true,
    "types": ["node"],
    "skipLibCheck": true
  },
  "include": ["*.ts"]
}
`;

function readme({ name }: BotPlan, end: string): string {
  return `# ${name}

A bot on Twotick: it answers encrypted messages to its phone number.

\`\`\`sh
npm install
npm test       # needs no server
TWOTICK_NUMBER=+15551230009 npm start
\`\`\`

The first start signs the number up and asks for the code; later ones go on from \`bot.db\`, which is all that the bot is: keep it, and
run one bot on it. \`npx twotick start\` in another folder is a server to try it with; it shows the code.

| variable | what it says | unless given |
|---|---|---|
| \`TWOTICK_NUMBER\` | the bot's number, for the sign-up | |
| \`TWOTICK_SERVICE\` | the XMPP server | \`xmpp://127.0.0.1:5222\` |
| \`TWOTICK_API\` | where the sign-up API is | \`http://127.0.0.1:5380\` |
| \`TWOTICK_STORE\` | the file of its store | \`bot.db\` |
| \`TWOTICK_STORE_KEY\` | encrypts the store: 32 bytes as base64 | not encrypted |

\`bot.${end}\` is the bot, \`bot.test.${end}\` its test.
`;
}
