/** Who acts in a play. */
export interface Character {
  /** `Client`: an XMPP client. `App`: one with a number. `Person`: a person with devices of the SDK. */
  readonly type: "Client" | "App" | "Person";
  readonly name: string;
  readonly properties: ReadonlyMap<string, string>;
  readonly line: number;
}

/** One act: who does what. */
export interface Act {
  readonly line: number;
  /** As it stands there. */
  readonly text: string;
  /** Missing for what happens to the stage. */
  readonly character: Character | undefined;
  /** Of a person, the device that acts: `laptop`. */
  readonly device: string | undefined;
  /** What is done, without the name: `sends`, `hears from Juliet`. */
  readonly verb: string;
  /** What follows the colon, or the lines below. */
  readonly content: string;
}

/** A sentence of a standard that a play proves. */
export interface ProvenRule {
  /** Where it stands: `XEP-0184 §5.3`. */
  readonly source: string;
  readonly sentence: string;
}

/** A play as it is written. */
export interface Play {
  readonly file: string;
  readonly title: string;
  readonly description: string;
  /** Tags with their values; empty where there is none. */
  readonly tags: ReadonlyMap<string, string>;
  readonly rules: readonly ProvenRule[];
  readonly characters: readonly Character[];
  readonly acts: readonly Act[];
}
