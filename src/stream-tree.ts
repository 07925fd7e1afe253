import { StreamError, type StreamLimits } from "./stream-limits.js";
import { Element } from "./xml.js";

/** A stanza that is complete, and why it is not all there if it went over a limit. */
export interface ClosedStanza {
  readonly element: Element;
  readonly refusal: StreamError | undefined;
}

/** Builds the elements of one stream, a stanza at a time, and holds their structure to the limits. */
export class StreamTree {
  readonly #limits: StreamLimits;
  #root: Element | undefined;
  #stanza: Element | undefined;
  #cursor: Element | undefined;
  #attributes: Record<string, string> = {};
  #attributeCount = 0;
  #depth = 0;
  #elements = 0;
  #refusal: StreamError | undefined;
  /** The names of the elements open beneath a refused stanza, of which no tree is built. */
  #skipped: string[] = [];

  /** @param limits what a stanza may be like */
  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  /** The header of the stream, once it is there. */
  get root(): Element | undefined {
    return this.#root;
  }

  /** How many elements are open beneath the header. */
  get depth(): number {
    return this.#depth;
  }

  /** Notes an attribute of the element to be opened next. @throws {StreamError} when it is there twice. */
  attribute(name: string, value: string, writtenLength: number): void {
    this.#attributeCount += 1;
    if (this.#attributeCount > this.#limits.maxAttributes) return this.#refuse("too many attributes");
    if (name.length > this.#limits.maxNameLength) return this.#refuse("too long a name");
    if (writtenLength > this.#limits.maxValueLength) return this.#refuse("too long a value");
    // a plain object has a value already either for a duplicate or for a name that every object inherits
    if (this.#attributes[name] !== undefined) return this.#refuseTaken(name);
    this.#attributes[name] = value;
  }

  /** Opens an element with the attributes noted. */
  open(name: string): void {
    const element = new Element(name);
    element.attrs = this.#attributes;
    this.#attributes = {};
    this.#attributeCount = 0;
    if (name.length > this.#limits.maxNameLength) this.#refuse("too long a name");
    if (this.#root === undefined) return this.#openRoot(element);
    this.#depth += 1;
    this.#elements += 1;
    if (this.#depth > this.#limits.maxDepth) this.#refuse("too deep");
    if (this.#elements > this.#limits.maxElements) this.#refuse("too many elements");
    if (this.#stanza === undefined) this.#stanza = element;
    if (this.#refusal !== undefined) this.#skip(name);
    else this.#descend(element);
  }

  /** Adds text to the innermost open element. */
  text(text: string): void {
    this.#cursor?.children.push(text);
  }

  /** Closes the innermost element; answers the stanza if it was one. @throws {StreamError} when its name differs. */
  close(name: string): ClosedStanza | undefined {
    const cursor = this.#cursor;
    const expected = cursor === undefined ? this.#skipped.pop() : cursor.name;
    if (name !== (expected ?? this.#root?.name))
      throw new StreamError("not-well-formed", "a wrong closing tag");
    this.#depth -= 1;
    if (this.#depth > 0) {
      if (cursor !== undefined) this.#cursor = cursor.parent ?? undefined;
      return undefined;
    }
    return this.#depth === 0 ? this.#closeStanza() : undefined;
  }

  /** Drops what has been built, after a failure. */
  clear(): void {
    this.#stanza = undefined;
    this.#cursor = undefined;
    this.#skipped = [];
  }

  #openRoot(element: Element): void {
    if (this.#refusal !== undefined) throw this.#refusal;
    this.#root = element;
  }

  #descend(element: Element): void {
    const parent = this.#cursor;
    if (parent === undefined) {
      element.parent = this.#root ?? null;
    } else {
      element.parent = parent;
      parent.children.push(element);
    }
    this.#cursor = element;
  }

  #skip(name: string): void {
    if (this.#cursor !== undefined || this.#stanza?.parent === null) this.#abandonTree();
    this.#skipped.push(name);
  }

  /** Keeps the names of the open elements, lets go of everything else but the stanza's start tag. */
  #abandonTree(): void {
    const names: string[] = [];
    for (let open = this.#cursor; open && open !== this.#root; open = open.parent ?? undefined)
      names.push(open.name);
    this.#skipped = names.toReversed();
    this.#cursor = undefined;
    if (this.#stanza === undefined) return;
    this.#stanza.children = [];
    this.#stanza.parent = this.#root ?? null;
  }

  #closeStanza(): ClosedStanza | undefined {
    const element = this.#stanza;
    const refusal = this.#refusal;
    this.clear();
    this.#refusal = undefined;
    this.#elements = 0;
    return element === undefined ? undefined : { element, refusal };
  }

  #refuseTaken(name: string): void {
    // XML 1.0 §3.1: no attribute name may appear more than once in the same start-tag
    if (Object.hasOwn(this.#attributes, name)) throw new StreamError("not-well-formed", "an attribute twice");
    this.#refuse("an attribute with a name that every object inherits");
  }

  #refuse(message: string): void {
    this.#refusal ??= new StreamError("policy-violation", message);
  }
}
