import {
  type ControlMessage,
  type OmemoError,
  type Fingerprint,
  type Incoming,
  type Omemo,
  type Opened,
  type PlainContent,
  type Sealed,
} from "../../../sdk/omemo/mod.js";
import type { Transaction } from "../../../sdk/mod.js";
import type { DeviceId } from "../../../src/ids.js";
import { Jid } from "../../../src/jid.js";
import { NS } from "../../../src/namespaces.js";
import { childElements, type Element, escapeXML } from "../../../src/xml.js";

const DEVICE = 7 as DeviceId;

/**
 * An encryption that hides nothing, with a ratchet that is one counter in the store: a message that is sealed twice
 * gets another number, and one that is opened twice is refused.
 */
export class FakeOmemo implements Omemo {
  readonly fingerprint = "00" as Fingerprint;
  readonly trust = {
    devices: () => [],
    identities: () => [],
    refresh: async () => {},
    safetyNumber: () => ({ digits: "", unknown: [], unverifiedOwn: [] }),
    verificationUri: () => "",
    verify: () => ({ verified: [], inAdvance: [], distrusted: [], unmentioned: [], mismatched: [] }),
    decide: () => {},
  };
  announced = 0;
  prepared = 0;
  /** Thrown by `prepare`, if set. */
  prepareError: Error | undefined;
  /** Thrown by the first `seal`, if set. */
  sealError: OmemoError | undefined;

  async announce(): Promise<void> {
    this.announced++;
  }

  async prepare(): Promise<void> {
    this.prepared++;
    if (this.prepareError) throw this.prepareError;
  }

  seal(transaction: Transaction, to: Jid, content: PlainContent): Sealed {
    const error = this.sealError;
    this.sealError = undefined;
    if (error) throw error;
    const count = (transaction.get(`fake/sent/${to.bare}`)?.[0] ?? 0) + 1;
    transaction.set(`fake/sent/${to.bare}`, new Uint8Array([count]));
    const { text, elements } = typeof content === "string" ? { text: content, elements: [] } : content;
    const plaintext = text === undefined ? "" : `<text>${escapeXML(text)}</text>`;
    const payload = `<encrypted xmlns='${NS.omemo}'><n>${count}</n>${plaintext}${elements.join("")}</encrypted>`;
    return { payload, devices: { recipient: 1, own: 0 }, skipped: [] };
  }

  /** As a message to few devices. */
  sealAhead: Omemo["sealAhead"] = async () => undefined;

  /** Thrown by `prepareControl`, if set. */
  prepareControlError: Error | undefined;

  preparedControls = 0;

  async prepareControl(): Promise<void> {
    this.preparedControls++;
    if (this.prepareControlError) throw this.prepareControlError;
  }

  /** Nothing for whoever has no device: a control message to no devices. */
  sealControl(transaction: Transaction, { to, devices, elements = [] }: ControlMessage): Sealed | undefined {
    if (devices?.length === 0) return undefined;
    return this.seal(transaction, Jid.parse(to), elements.join());
  }

  open(transaction: Transaction, { from }: Incoming, message: Element): Opened {
    const encrypted = message.getChild("encrypted", NS.omemo) as Element;
    const plaintext = encrypted.getChild("text")?.getText();
    if (plaintext === "poison") throw new TypeError("a fault of this program");
    if (plaintext === "bad") return { kind: "failed", device: DEVICE, reason: "bad-mac" };
    const key = `fake/opened/${from.bare}/${encrypted.getChildText("n")}`;
    if (transaction.get(key)) return { kind: "failed", device: DEVICE, reason: "duplicate" };
    transaction.set(key, new Uint8Array([1]));
    const elements = childElements(encrypted).filter(({ name }) => name !== "n" && name !== "text");
    const common = { device: DEVICE, fingerprint: this.fingerprint, trust: "trusted", elements } as const;
    return plaintext === undefined
      ? { kind: "content", ...common }
      : { kind: "plaintext", ...common, plaintext };
  }

  receiveDeviceList(): void {}

  doubt(): void {}

  async renewSessions(): Promise<number> {
    return 0;
  }

  close(): void {}
}
