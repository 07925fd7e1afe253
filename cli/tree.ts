import type { Command } from "commander";
import type { Shell } from "./shell.js";

/** Gives a command its description, options, arguments and action. */
export type Define = (command: Command, shell: Shell) => void;

/** A command that is loaded when it is needed: `twotick --help` reads none of them. */
export interface Leaf {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly define: Define }>;
}

/** A group of commands. */
export interface Branch {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  /** Options that all of them take. */
  readonly defineOptions?: Define;
  readonly commands: readonly Leaf[];
}

const ADMIN: Branch = {
  name: "admin",
  summary: "look after a running component: numbers, mailboxes, backups",
  description:
    "Looks after a component. Most of it asks the component that runs by the configuration; backup and restore work on the store.",
  defineOptions: (command, { terminal }) => {
    command.option(
      "-c, --config <file>",
      "the component's configuration (TOML)",
      terminal.env["TWOTICK_CONFIG"] ?? "/etc/twotick/twotick.toml",
    );
  },
  commands: [
    {
      name: "numbers",
      summary: "who is signed up",
      load: () => import("./admin/numbers.js"),
    },
    {
      name: "devices",
      summary: "devices and apps of a number; remove one",
      load: () => import("./admin/devices.js"),
    },
    {
      name: "mailboxes",
      summary: "what waits, the fullest first",
      load: () => import("./admin/mailboxes.js"),
    },
    {
      name: "set-aside",
      summary: "entries that a device could not get past",
      load: () => import("./admin/set-aside.js"),
    },
    {
      name: "limits",
      summary: "what is left of a number's limits; let it try again",
      load: () => import("./admin/limits.js"),
    },
    {
      name: "announce",
      summary: "write to everybody",
      load: () => import("./admin/announce.js"),
    },
    {
      name: "export",
      summary: "write everything that is kept about a number into a file",
      load: () => import("./admin/export.js"),
    },
    {
      name: "delete",
      summary: "delete everything about a number",
      load: () => import("./admin/delete.js"),
    },
    {
      name: "reset-pin",
      summary: "remove the registration PIN of a number",
      load: () => import("./admin/reset-pin.js"),
    },
    {
      name: "backup",
      summary: "copy the store into a new file",
      load: () => import("./admin/backup.js"),
    },
    {
      name: "restore",
      summary: "put a backup in the place of the store",
      load: () => import("./admin/restore.js"),
    },
  ],
};

/** Everything that `twotick` can do, in the order of its help. */
export const COMMANDS: readonly (Leaf | Branch)[] = [
  {
    name: "start",
    summary: "a Prosody and the component on this machine, to try everything out",
    load: () => import("./commands/start.js"),
  },
  {
    name: "init",
    summary: "write the configurations for a Prosody that you run",
    load: () => import("./commands/init.js"),
  },
  {
    name: "component",
    summary: "run the component from a configuration file",
    load: () => import("./commands/component.js"),
  },
  {
    name: "doctor",
    summary: "examine an installation, and say how to mend what is wrong",
    load: () => import("./commands/doctor.js"),
  },
  ADMIN,
  {
    name: "dashboard",
    summary: "a link that opens the component's dashboard",
    load: () => import("./commands/dashboard.js"),
  },
  {
    name: "signup",
    summary: "sign a phone number up",
    load: () => import("./commands/signup.js"),
  },
  {
    name: "chat",
    summary: "write to people from this terminal, encrypted",
    load: () => import("./commands/chat.js"),
  },
  {
    name: "bot",
    summary: "begin a bot",
    description: "Helps with bots.",
    commands: [
      {
        name: "new",
        summary: "make a folder with a bot that runs, and its test",
        load: () => import("./commands/bot-new.js"),
      },
    ],
  },
  {
    name: "play",
    summary: "perform plays: scripts of stanzas that prove rules",
    load: () => import("./commands/play.js"),
  },
  {
    name: "load",
    summary: "load a server of its own, and account for every message",
    load: () => import("./commands/load.js"),
  },
  {
    name: "completion",
    summary: "completion for bash, zsh or fish",
    load: () => import("./commands/completion.js"),
  },
];
