import { dirname, join } from "node:path";

/** Who carries the codes of sign-ups. */
export type Carrier =
  | { readonly provider: "none" }
  | { readonly provider: "console" }
  | {
      readonly provider: "http";
      readonly url: string;
      readonly secret: string;
      readonly countries: readonly string[];
    }
  | { readonly provider: "command"; readonly program: string; readonly countries: readonly string[] };

/** What an installation is to be. */
export interface InitPlan {
  /** The virtual host that holds the accounts. */
  readonly domain: string;
  readonly numberDomain: string;
  /** Where the component's configuration and secrets go; absolute. */
  readonly folder: string;
  /** The component's store; absolute. */
  readonly store: string;
  readonly httpPort: number;
  /** Where Prosody takes components. */
  readonly componentPort: number;
  /** Prosody's own configuration; absolute. */
  readonly prosodyConfig: string;
  readonly prosodyctl: string;
  /** Whether Prosody's own configuration gets a line that includes ours. */
  readonly isIncluded: boolean;
  readonly carrier: Carrier;
}

/** A file that is to be written. */
export interface PlannedFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  /** Whether Prosody has to read it, which runs as a user of its own. */
  readonly isProsodys: boolean;
  /** What it is, for the person. */
  readonly what: string;
  /** Whether it is nothing but a secret. */
  readonly isSecret: boolean;
}

/** Where our part of Prosody's configuration is: beside its own. */
export function prosodyPartPath({ prosodyConfig }: Pick<InitPlan, "prosodyConfig">): string {
  return join(dirname(prosodyConfig), "twotick.cfg.lua");
}

/** Where the component's configuration is. */
export function configPath({ folder }: Pick<InitPlan, "folder">): string {
  return join(folder, "twotick.toml");
}
