import type { Session } from "./delivery-ports.js";
import { newParcel, type Parcel } from "./parcel.js";
import { DeliveryWindow, type WindowLimits } from "./window.js";

/** A session while entries are brought to it. */
export interface OpenSession extends Session {
  readonly window: DeliveryWindow;
  readonly parcel: Parcel;
  isReading: boolean;
  isBehind: boolean;
  /** When something went last, while nothing was acknowledged since. */
  sentAtMs: number | undefined;
  resendAtMs: number;
  resends: number;
}

/** Makes a session in which nothing is on the way. */
export function openSession(
  session: Session,
  {
    domain,
    limits,
    acknowledged,
    isCautious,
  }: {
    readonly domain: string;
    readonly limits: WindowLimits;
    /** Everything up to here has ended. */
    readonly acknowledged: number;
    /** Whether entries go one at a time at first. */
    readonly isCautious: boolean;
  },
): OpenSession {
  return {
    ...session,
    window: new DeliveryWindow(limits, acknowledged, isCautious ? limits.entries : 0),
    parcel: newParcel(session.isFramed ? domain : undefined),
    isReading: false,
    isBehind: false,
    sentAtMs: undefined,
    resendAtMs: 0,
    resends: 0,
  };
}
