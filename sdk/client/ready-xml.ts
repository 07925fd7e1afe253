import { Element } from "../../src/xml.js";

/** An element whose XML was written before: it is put into a stanza as it stands, without being parsed. */
export class ReadyXml extends Element {
  readonly #text: string;

  /** @param text XML of exactly one element */
  constructor(text: string) {
    super("ready", {});
    this.#text = text;
  }

  /** Writes the text into the stanza around it. */
  override write(writer: (piece: string) => void): void {
    writer(this.#text);
  }
}
