import { openOmemo, type Omemo, type OmemoOptions } from "../../sdk/omemo/mod.js";

/** Characters of one, two, three and four bytes. */
const SUBJECT = "ñ नमस्ते 🙂";

/**
 * OMEMO that says something in clear beside each message, and looks whether what it receives says the same.
 *
 * What is encrypted is all ASCII on the line, where no character can be cut.
 */
export class TalkativeOmemo {
  /** Subjects that arrived as they were sent, and that did not. */
  readonly heard = { well: 0, spoilt: 0 };

  /** Opens OMEMO for a device. */
  readonly open = (options: OmemoOptions): Omemo => {
    const { heard } = this;
    return new Proxy(openOmemo(options), {
      get(target, name) {
        if (name === "seal")
          return (...given: Parameters<Omemo["seal"]>): ReturnType<Omemo["seal"]> => {
            const sealed = target.seal(...given);
            const subject = `<subject xmlns='jabber:client'>${SUBJECT}</subject>`;
            return { ...sealed, payload: sealed.payload + subject };
          };
        if (name === "open")
          return (...given: Parameters<Omemo["open"]>): ReturnType<Omemo["open"]> => {
            const subject = given[2].getChildText("subject");
            if (subject !== null) heard[subject === SUBJECT ? "well" : "spoilt"] += 1;
            return target.open(...given);
          };
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  };
}
